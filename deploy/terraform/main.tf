# Turnkey on ECS: tasks on Fargate behind a load balancer, and a Postgres. What each file makes is
# said in its first lines; deploy/README.md says how to use it.

data "aws_region" "current" {}
data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}

data "aws_subnet" "public" {
  for_each = toset(var.public_subnet_ids)
  id       = each.value
}

locals {
  region    = data.aws_region.current.region
  account   = data.aws_caller_identity.current.account_id
  partition = data.aws_partition.current.partition

  game_port     = 8080
  control_port  = 8081
  postgres_port = 5432

  # The server pings each socket every 25 s ± 20 %, so something passes at least every 30 s, and
  # shorter would cut quiet sockets off. Longer than the 75 s after which the server closes an idle
  # connection, and the load balancer would send requests into connections that are just closed.
  idle_timeout_seconds = 60

  # After SIGTERM the server says so at /healthz, sends its sockets away and ends, all within 30 s.
  # Until then the load balancer leaves open connections alone, and ECS does not kill.
  drain_seconds        = 30
  stop_timeout_seconds = local.drain_seconds + 5
}

# One key for all that is kept: logs, secrets, the database and its insights.
resource "aws_kms_key" "this" {
  description         = "${var.name}: logs, secrets and database"
  enable_key_rotation = true

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "TheAccountDecides"
        Effect    = "Allow"
        Principal = { AWS = "arn:${local.partition}:iam::${local.account}:root" }
        Action    = "kms:*"
        Resource  = "*"
      },
      {
        Sid       = "LogsAreEncrypted"
        Effect    = "Allow"
        Principal = { Service = "logs.${local.region}.amazonaws.com" }
        Action    = ["kms:Encrypt*", "kms:Decrypt*", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:Describe*"]
        Resource  = "*"
        Condition = {
          ArnLike = {
            "kms:EncryptionContext:aws:logs:arn" = [
              for group in ["/${var.name}/*", local.postgres_log_group] :
              "arn:${local.partition}:logs:${local.region}:${local.account}:log-group:${group}"
            ]
          }
        }
      },
    ]
  })
}

resource "aws_kms_alias" "this" {
  name          = "alias/${var.name}"
  target_key_id = aws_kms_key.this.key_id
}
