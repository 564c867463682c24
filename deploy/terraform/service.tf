# The tasks, and how a release replaces them.

locals {
  # A log that cannot be carried away must not hold up the server.
  log_options = {
    "awslogs-region"        = local.region
    "awslogs-stream-prefix" = "task"
    "mode"                  = "non-blocking"
    "max-buffer-size"       = "4m"
  }

  environment = {
    TURNKEY_LISTEN         = "0.0.0.0:${local.game_port}"
    TURNKEY_CONTROL_LISTEN = "0.0.0.0:${local.control_port}"
    TURNKEY_CONTROL_HOSTS  = local.control_host
    TURNKEY_DEFAULT_STAGE  = var.default_stage
    TURNKEY_CORS_ORIGINS   = length(var.cors_origins) == 0 ? null : join(",", var.cors_origins)
    # The load balancer's addresses change, its subnets do not.
    TURNKEY_TRUSTED_PROXIES = join(",", sort([for subnet in data.aws_subnet.public : subnet.cidr_block]))
    TURNKEY_POOL_SIZE       = tostring(var.pool_size)
    TURNKEY_MAX_SOCKETS     = tostring(var.max_sockets)
    TURNKEY_LOG             = var.log_level
    TURNKEY_LOG_FORMAT      = "json"
  }

  # Each variable, as the key of its secret in the version that holds it now.
  container_secrets = merge([
    for secret, variables in local.secrets : {
      for variable in nonsensitive(keys(variables)) : variable => join(":", [
        aws_secretsmanager_secret.this[secret].arn,
        variable,
        "",
        aws_secretsmanager_secret_version.this[secret].version_id,
      ])
    }
  ]...)

  turnkey_container = {
    name      = "turnkey"
    image     = var.image
    essential = true
    command   = ["serve"]
    # Without shares of its own the server would come last when CPU is short.
    cpu         = var.cpu - local.collector_cpu
    memory      = var.memory - local.collector_memory
    user        = "10001:10001"
    stopTimeout = local.stop_timeout_seconds

    readonlyRootFilesystem = true
    linuxParameters        = { capabilities = { drop = ["ALL"] } }
    ulimits                = [{ name = "nofile", softLimit = 65535, hardLimit = 65535 }]

    portMappings = [
      { containerPort = local.game_port, protocol = "tcp" },
      { containerPort = local.control_port, protocol = "tcp" },
    ]
    environment = [for name, value in merge(local.environment, var.environment) : { name = name, value = value } if value != null]
    secrets     = [for name, from in local.container_secrets : { name = name, valueFrom = from }]

    # The image has no shell. /healthz again, and never the database.
    healthCheck = {
      command     = ["CMD", "/turnkey", "health"]
      interval    = 10
      timeout     = 6
      retries     = 3
      startPeriod = 60
    }

    logConfiguration = { logDriver = "awslogs", options = merge(local.log_options, { "awslogs-group" = aws_cloudwatch_log_group.server.name }) }
  }
}

resource "aws_ecs_cluster" "this" {
  name = var.name

  setting {
    name  = "containerInsights"
    value = "enabled"
  }
}

resource "aws_ecs_task_definition" "this" {
  family                   = var.name
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = var.cpu
  memory                   = var.memory
  execution_role_arn       = aws_iam_role.execution.arn

  runtime_platform {
    operating_system_family = "LINUX"
    cpu_architecture        = var.cpu_architecture
  }

  container_definitions = jsonencode([local.turnkey_container, local.collector_container])

  # Rolling back needs the definition before.
  skip_destroy = true
}

resource "aws_ecs_service" "this" {
  name                   = var.name
  cluster                = aws_ecs_cluster.this.arn
  task_definition        = aws_ecs_task_definition.this.arn
  desired_count          = var.minimum_tasks
  launch_type            = "FARGATE"
  platform_version       = "LATEST"
  enable_execute_command = false
  propagate_tags         = "SERVICE"

  # New tasks serve before old ones go; a release whose tasks do not get there is taken back.
  deployment_minimum_healthy_percent = 100
  deployment_maximum_percent         = 200
  deployment_circuit_breaker {
    enable   = true
    rollback = true
  }
  alarms {
    enable      = true
    rollback    = true
    alarm_names = [aws_cloudwatch_metric_alarm.this["server_errors"].alarm_name]
  }

  # Fargate spreads over the zones of the subnets, and moves tasks when one zone has more.
  availability_zone_rebalancing = "ENABLED"
  network_configuration {
    subnets          = var.service_subnet_ids
    security_groups  = [aws_security_group.service.id]
    assign_public_ip = false
  }

  # A first start also waits for the database and brings its schema up to date.
  health_check_grace_period_seconds = 120
  load_balancer {
    target_group_arn = aws_lb_target_group.game.arn
    container_name   = local.turnkey_container.name
    container_port   = local.game_port
  }
  service_registries {
    registry_arn = aws_service_discovery_service.control.arn
  }

  wait_for_steady_state = true

  # A target group without a listener is refused; a task without its rights does not start.
  depends_on = [
    aws_lb_listener.https,
    aws_iam_role_policy.execution,
    aws_rds_cluster_instance.this,
  ]

  lifecycle {
    # It is scaled, from there on.
    ignore_changes = [desired_count]
  }
}
