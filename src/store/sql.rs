//! Every statement that the store sends, each a file of its own under `sql/`.

macro_rules! statements {
    ($($name:ident)*) => {
        $(
            #[allow(non_upper_case_globals, reason = "a statement is called as its file is")]
            pub const $name: &str = include_str!(concat!("../../sql/", stringify!($name), ".sql"));
        )*

        /// Each statement with its name.
        pub const ALL: &[(&str, &str)] = &[$((stringify!($name), $name)),*];
    };
}

// One name a line, sorted.
statements! {
    add_usage
    append_events
    beat_instance
    database_clock
    delete_deployment
    delete_ended_key_values
    delete_key
    delete_plan_key
    delete_plan_stages
    delete_stage
    delete_usage_plan
    end_key_values
    ensure_quota_usage
    find_deployment
    find_key
    find_key_values
    find_plan_key
    find_plan_named
    find_rest_api
    find_usage_plan
    first_key
    games_after
    gate_head
    gate_key_values
    gate_keys
    gate_plan_keys
    gate_plan_stages
    gate_plans
    gate_salt
    gate_stages
    give_back_quota
    insert_audit
    insert_deployment
    insert_key
    insert_key_value
    insert_plan
    insert_plan_key
    insert_plan_stage
    insert_stage
    insert_usage_plan
    invite_find
    invites_of_games
    invites_sweep
    list_audit
    list_deployments
    list_key_values
    list_keys
    list_methods
    list_plan_keys
    list_stages
    list_usage_plans
    lock_gate
    lock_lookups
    log_head
    log_page
    my_games_page
    my_games_position
    my_games_unfinished
    plans_of_key
    player_delete
    player_rename
    players_read
    projection_advance
    projection_begin_rebuild
    projection_histories
    projection_page_end
    projection_put_boards
    projection_put_my_games
    projection_quarantine
    projection_quarantined
    projection_release
    projection_state
    projection_status
    projection_swap
    projection_sweep_board
    projection_sweep_my_game
    projection_sweep_quarantine
    projection_try_lead
    put_method
    put_plan_stages
    put_stage
    quota_state
    read_game
    read_game_from
    read_games
    read_recorded_at
    read_version
    read_versions
    renew_epoch
    request_key_read
    request_key_release
    request_keys_sweep
    reserve
    schema_oldest
    set_first_key
    set_remaining_quota
    take_quota
    terminate_append_blocker
    touch_keys
    update_key
    update_rest_api
    update_usage_plan
    usage_of_plan
}
