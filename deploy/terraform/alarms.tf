# What somebody should look at. Each is over whole minutes, and tells when it is good again.

locals {
  load_balancer_dimensions = { LoadBalancer = aws_lb.this.arn_suffix }
  target_dimensions        = merge(local.load_balancer_dimensions, { TargetGroup = aws_lb_target_group.game.arn_suffix })
  own_dimensions           = { service = var.name }
  database_dimensions = local.is_aurora ? {
    DBClusterIdentifier = one(aws_rds_cluster.this[*].cluster_identifier)
    Role                = "WRITER"
    } : {
    DBInstanceIdentifier = one(aws_db_instance.this[*].identifier)
  }

  alarms = merge({
    server_errors = {
      says       = "The server answers more than 20 requests a minute with 5xx."
      namespace  = "AWS/ApplicationELB"
      metric     = "HTTPCode_Target_5XX_Count"
      dimensions = local.target_dimensions
      statistic  = "Sum"
      above      = 20
      minutes    = 3
    }
    load_balancer_errors = {
      says       = "The load balancer itself answers more than 20 requests a minute with 5xx: no task took them."
      namespace  = "AWS/ApplicationELB"
      metric     = "HTTPCode_ELB_5XX_Count"
      dimensions = local.load_balancer_dimensions
      statistic  = "Sum"
      above      = 20
      minutes    = 3
    }
    slow = {
      says       = "One request of a hundred takes longer than half a second."
      namespace  = "AWS/ApplicationELB"
      metric     = "TargetResponseTime"
      dimensions = local.target_dimensions
      statistic  = "p99"
      above      = 0.5
      minutes    = 5
    }
    unhealthy_tasks = {
      says       = "A task does not answer its health check."
      namespace  = "AWS/ApplicationELB"
      metric     = "UnHealthyHostCount"
      dimensions = local.target_dimensions
      statistic  = "Maximum"
      above      = 0
      minutes    = 5
    }
    no_healthy_task = {
      says       = "No task serves."
      namespace  = "AWS/ApplicationELB"
      metric     = "HealthyHostCount"
      dimensions = local.target_dimensions
      statistic  = "Maximum"
      below      = 1
      minutes    = 1
      unknown    = "breaching"
    }
    too_few_tasks = {
      says       = "Fewer tasks run than are always to run."
      namespace  = "ECS/ContainerInsights"
      metric     = "RunningTaskCount"
      dimensions = { ClusterName = aws_ecs_cluster.this.name, ServiceName = var.name }
      statistic  = "Minimum"
      below      = var.minimum_tasks
      minutes    = 10
      unknown    = "breaching"
    }
    tail_lag = {
      says       = "An instance is more than 100 events behind the log, or none tells: pushes come late."
      namespace  = local.metric_namespace
      metric     = local.metrics.tail_lag
      dimensions = local.own_dimensions
      statistic  = "Maximum"
      above      = 100
      minutes    = 3
      unknown    = "breaching"
    }
    projector_lag = {
      says       = "Lists of games are more than half a minute behind the log."
      namespace  = local.metric_namespace
      metric     = local.metrics.projector_lag
      dimensions = local.own_dimensions
      statistic  = "Maximum"
      above      = 30
      minutes    = 3
    }
    database_silent = {
      says       = "An instance has had no answer from the database for 10 s: it answers 503."
      namespace  = local.metric_namespace
      metric     = local.metrics.database_silence
      dimensions = local.own_dimensions
      statistic  = "Maximum"
      above      = 10
      minutes    = 1
    }
    many_sockets = {
      says       = "A task holds 80 % of the sockets that it takes."
      namespace  = local.metric_namespace
      metric     = local.metrics.sockets
      dimensions = local.own_dimensions
      statistic  = "Maximum"
      above      = 0.8 * var.max_sockets
      minutes    = 5
    }
    database_cpu = {
      says       = "The database uses more than 80 % of its CPU."
      namespace  = "AWS/RDS"
      metric     = "CPUUtilization"
      dimensions = local.database_dimensions
      statistic  = "Average"
      above      = 80
      minutes    = 10
      unknown    = "breaching"
    }
    database_connections = {
      says       = "The database has 80 % of the sessions that it takes."
      namespace  = "AWS/RDS"
      metric     = "DatabaseConnections"
      dimensions = local.database_dimensions
      statistic  = "Maximum"
      above      = 0.8 * var.database_connections
      minutes    = 5
    }
    database_memory = {
      says       = "The database has less than 256 MiB of memory left."
      namespace  = "AWS/RDS"
      metric     = "FreeableMemory"
      dimensions = local.database_dimensions
      statistic  = "Minimum"
      below      = 256 * 1024 * 1024
      minutes    = 10
    }
    }, local.is_aurora ? {} : {
    database_storage = {
      says       = "The database has less than 10 GiB of storage left, though it should have grown."
      namespace  = "AWS/RDS"
      metric     = "FreeStorageSpace"
      dimensions = local.database_dimensions
      statistic  = "Minimum"
      below      = 10 * 1024 * 1024 * 1024
      minutes    = 5
    }
  })
}

resource "aws_cloudwatch_metric_alarm" "this" {
  for_each          = local.alarms
  alarm_name        = "${var.name}-${replace(each.key, "_", "-")}"
  alarm_description = each.value.says

  namespace          = each.value.namespace
  metric_name        = each.value.metric
  dimensions         = each.value.dimensions
  statistic          = startswith(each.value.statistic, "p") ? null : each.value.statistic
  extended_statistic = startswith(each.value.statistic, "p") ? each.value.statistic : null
  # With a handful of requests, the slowest of them says nothing of one in a hundred.
  evaluate_low_sample_count_percentiles = startswith(each.value.statistic, "p") ? "ignore" : null
  comparison_operator                   = can(each.value.above) ? "GreaterThanThreshold" : "LessThanThreshold"
  threshold                             = try(each.value.above, each.value.below)
  period                                = 60
  evaluation_periods                    = each.value.minutes
  datapoints_to_alarm                   = each.value.minutes
  treat_missing_data                    = try(each.value.unknown, "notBreaching")

  alarm_actions = var.alarm_topic_arns
  ok_actions    = var.alarm_topic_arns
}
