# What the module would make, with AWS's answers made up: `script/check-terraform` runs this.

mock_provider "aws" {
  mock_data "aws_subnet" {
    defaults = { cidr_block = "10.0.0.0/24" }
  }
  mock_data "aws_region" {
    defaults = { region = "eu-central-1" }
  }
  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }
  mock_resource "aws_db_instance" {
    defaults = { address = "turnkey.abc.eu-central-1.rds.amazonaws.com" }
  }
  mock_resource "aws_secretsmanager_secret" {
    defaults = { arn = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:turnkey" }
  }
  mock_resource "aws_cloudwatch_log_group" {
    defaults = { arn = "arn:aws:logs:eu-central-1:123456789012:log-group:turnkey" }
  }
}

mock_provider "random" {}

variables {
  image                       = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/turnkey:1.0"
  image_repository_arn        = "arn:aws:ecr:eu-central-1:123456789012:repository/turnkey"
  certificate_arn             = "arn:aws:acm:eu-central-1:123456789012:certificate/1"
  vpc_id                      = "vpc-1"
  public_subnet_ids           = ["subnet-1", "subnet-2"]
  service_subnet_ids          = ["subnet-3", "subnet-4"]
  database_subnet_ids         = ["subnet-5", "subnet-6"]
  operator_security_group_ids = { bastion = "sg-1" }
}

run "sockets_outlive_pings_and_drains" {
  assert {
    condition     = aws_lb.this.idle_timeout > 25 * 1.2 && aws_lb.this.idle_timeout < 75
    error_message = "Longer than the longest pause between pings, shorter than the server keeps an idle connection."
  }
  assert {
    condition     = aws_lb_target_group.game.deregistration_delay == "30"
    error_message = "As long as the server may take to end."
  }
  assert {
    condition     = jsondecode(aws_ecs_task_definition.this.container_definitions)[0].stopTimeout > 30
    error_message = "ECS kills no server that still drains."
  }
}

run "no_health_check_asks_for_the_database" {
  assert {
    condition     = aws_lb_target_group.game.health_check[0].path == "/healthz"
    error_message = "The load balancer's."
  }
  assert {
    condition     = jsondecode(aws_ecs_task_definition.this.container_definitions)[0].healthCheck.command == ["CMD", "/turnkey", "health"]
    error_message = "The container's."
  }
}

run "a_container_may_do_nothing_but_serve" {
  assert {
    condition     = aws_ecs_task_definition.this.task_role_arn == null && !aws_ecs_service.this.enable_execute_command
    error_message = "No role, and nobody comes in."
  }
  assert {
    condition = alltrue([
      for container in jsondecode(aws_ecs_task_definition.this.container_definitions) :
      container.readonlyRootFilesystem && container.linuxParameters.capabilities.drop == ["ALL"]
    ])
    error_message = "Nothing to write to, no capability."
  }
  assert {
    condition     = jsondecode(aws_ecs_task_definition.this.container_definitions)[0].user == "10001:10001"
    error_message = "As the image's own user."
  }
  assert {
    condition = alltrue([
      for limit in jsondecode(aws_ecs_task_definition.this.container_definitions)[0].ulimits :
      limit.name == "nofile" && limit.softLimit > 50000
    ])
    error_message = "A file for each socket."
  }
  assert {
    condition = (
      sum([for container in jsondecode(aws_ecs_task_definition.this.container_definitions) : container.cpu]) == 1024 &&
      sum([for container in jsondecode(aws_ecs_task_definition.this.container_definitions) : container.memory]) == 3072
    )
    error_message = "Both containers have their shares of the task."
  }
}

run "secrets_are_no_plain_variables" {
  assert {
    condition = toset([
      for secret in jsondecode(aws_ecs_task_definition.this.container_definitions)[0].secrets : secret.name
      ]) == toset([
      "DATABASE_URL", "TURNKEY_SECRET", "TURNKEY_SECRET_PREVIOUS", "TURNKEY_ACCESS_KEY_ID", "TURNKEY_SECRET_ACCESS_KEY",
    ])
    error_message = "Each of them comes from Secrets Manager."
  }
  assert {
    condition = length(setintersection(
      [for variable in jsondecode(aws_ecs_task_definition.this.container_definitions)[0].environment : variable.name],
      [for secret in jsondecode(aws_ecs_task_definition.this.container_definitions)[0].secrets : secret.name],
    )) == 0
    error_message = "None of them is in the task definition."
  }
  assert {
    condition = endswith(
      nonsensitive(jsondecode(aws_secretsmanager_secret_version.this["database"].secret_string).DATABASE_URL),
      "@turnkey.abc.eu-central-1.rds.amazonaws.com:5432/turnkey?sslmode=verify-full&sslrootcert=%2Fetc%2Fturnkey%2Frds.pem",
    )
    error_message = "The database's certificate and name are verified."
  }
}

run "the_load_balancer_alone_is_believed" {
  assert {
    condition = contains(
      jsondecode(aws_ecs_task_definition.this.container_definitions)[0].environment,
      { name = "TURNKEY_TRUSTED_PROXIES", value = "10.0.0.0/24,10.0.0.0/24" },
    )
    error_message = "Its subnets, and no other."
  }
  assert {
    condition     = aws_lb.this.xff_header_processing_mode == "append" && aws_lb_listener.http.default_action[0].redirect[0].protocol == "HTTPS"
    error_message = "It tells who called; over HTTPS only."
  }
}

run "the_listeners_are_kept_apart" {
  assert {
    condition = (
      aws_vpc_security_group_ingress_rule.service_from_load_balancer.from_port == 8080 &&
      aws_vpc_security_group_ingress_rule.service_from_load_balancer.to_port == 8080
    )
    error_message = "The load balancer reaches the game API only."
  }
  assert {
    condition = (
      keys(aws_vpc_security_group_ingress_rule.service_from_operators) == ["bastion"] &&
      aws_vpc_security_group_ingress_rule.service_from_operators["bastion"].referenced_security_group_id == "sg-1" &&
      aws_vpc_security_group_ingress_rule.service_from_operators["bastion"].from_port == 8081
    )
    error_message = "Operators reach the control listener, by their group and not by an address."
  }
  assert {
    condition = contains(
      jsondecode(aws_ecs_task_definition.this.container_definitions)[0].environment,
      { name = "TURNKEY_CONTROL_HOSTS", value = "control.turnkey.internal" },
    )
    error_message = "By the name that the server knows itself."
  }
}

run "a_bad_release_is_taken_back" {
  assert {
    condition = (
      aws_ecs_service.this.deployment_circuit_breaker[0].enable && aws_ecs_service.this.deployment_circuit_breaker[0].rollback &&
      aws_ecs_service.this.deployment_minimum_healthy_percent == 100 && aws_ecs_service.this.deployment_maximum_percent == 200
    )
    error_message = "New tasks first, and back again where they fail."
  }
}

run "the_collector_reads_over_loopback" {
  assert {
    condition = strcontains(
      jsondecode(aws_ecs_task_definition.this.container_definitions)[1].environment[0].value, "127.0.0.1:8081"
    ) && !jsondecode(aws_ecs_task_definition.this.container_definitions)[1].essential
    error_message = "Where /metrics is open; and the server does without it."
  }
  assert {
    condition     = aws_appautoscaling_policy.sockets.target_tracking_scaling_policy_configuration[0].customized_metric_specification[0].metric_name == "turnkey_live_sockets"
    error_message = "What is scaled on is what is collected."
  }
}

run "the_database_is_kept" {
  assert {
    condition = (
      aws_db_instance.this[0].multi_az && aws_db_instance.this[0].storage_encrypted &&
      aws_db_instance.this[0].deletion_protection && aws_db_instance.this[0].backup_retention_period >= 7 &&
      !aws_db_instance.this[0].publicly_accessible
    )
    error_message = "In two zones, encrypted, backed up, out of the public's reach."
  }
  assert {
    condition = alltrue([
      for name, value in { "rds.force_ssl" = "1", log_statement = "ddl", log_min_duration_statement = "1000" } :
      contains([for parameter in aws_db_parameter_group.this[0].parameter : "${parameter.name}=${parameter.value}"], "${name}=${value}")
    ])
    error_message = "TLS alone; slow statements and changes of the schema are logged."
  }
  assert {
    condition     = length(aws_rds_cluster.this) == 0 && aws_cloudwatch_metric_alarm.this["database_storage"].dimensions == tomap({ DBInstanceIdentifier = "turnkey" })
    error_message = "One database, and the alarms look at it."
  }
}

run "aurora" {
  variables {
    database_kind           = "aurora-postgresql"
    database_instance_class = "db.r7g.large"
  }
  assert {
    condition     = length(aws_db_instance.this) == 0 && length(aws_rds_cluster_instance.this) == 2
    error_message = "A writer and a reader."
  }
  assert {
    condition     = aws_rds_cluster.this[0].storage_encrypted && aws_rds_cluster.this[0].deletion_protection
    error_message = "Encrypted, and kept."
  }
  assert {
    condition = contains(
      [for parameter in aws_rds_cluster_parameter_group.this[0].parameter : "${parameter.name}=${parameter.value}"], "rds.force_ssl=1"
    )
    error_message = "TLS alone."
  }
  assert {
    condition     = !contains(keys(aws_cloudwatch_metric_alarm.this), "database_storage") && aws_cloudwatch_metric_alarm.this["database_cpu"].dimensions["Role"] == "WRITER"
    error_message = "The alarms look at the writer."
  }
}

run "a_secret_is_rotated_in_two_steps" {
  variables {
    signing_secrets = { signs = 1, accepts = 2 }
  }
  assert {
    condition     = toset(keys(random_password.signing)) == toset(["1", "2"])
    error_message = "The next one is accepted before it signs."
  }
}

run "nonsense_is_refused" {
  command = plan
  variables {
    name                 = "Turnkey_"
    image                = "turnkey:latest"
    image_repository_arn = "turnkey"
    certificate_arn      = "turnkey"
    cpu_architecture     = "arm"
    memory               = 512
    maximum_tasks        = 100
    public_subnet_ids    = ["subnet-1"]
    target_sockets       = 50000
    log_retention_days   = 1
    database_kind        = "mysql"
    database_version     = "13"
    environment          = { TURNKEY_ADMIN_TOKEN = "secret" }
    signing_secrets      = { signs = 1, accepts = 1 }
  }
  expect_failures = [
    var.name,
    var.image,
    var.image_repository_arn,
    var.certificate_arn,
    var.cpu_architecture,
    var.memory,
    var.maximum_tasks,
    var.public_subnet_ids,
    var.target_sockets,
    var.log_retention_days,
    var.database_kind,
    var.database_version,
    var.environment,
    var.signing_secrets,
  ]
}
