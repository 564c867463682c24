# Postgres in two zones, of one of two kinds. Reached by the tasks alone, over TLS alone.

locals {
  is_aurora          = var.database_kind == "aurora-postgresql"
  postgres_log_group = "/aws/rds/${local.is_aurora ? "cluster" : "instance"}/${var.name}/postgresql"

  database_name    = "turnkey"
  database_user    = "turnkey"
  database_address = one(concat(aws_db_instance.this[*].address, aws_rds_cluster.this[*].endpoint))

  database_parameters = {
    "rds.force_ssl"            = "1"
    ssl_min_protocol_version   = "TLSv1.2"
    log_statement              = "ddl"
    log_min_duration_statement = "1000"
    # Never with their values: hashes of keys and players' names are among them.
    log_parameter_max_length = "0"
  }
}

resource "aws_db_subnet_group" "this" {
  name_prefix = "${var.name}-"
  description = "${var.name}: database"
  subnet_ids  = var.database_subnet_ids
}

resource "aws_db_parameter_group" "this" {
  count       = local.is_aurora ? 0 : 1
  name_prefix = "${var.name}-"
  description = var.name
  family      = "postgres${var.database_version}"

  dynamic "parameter" {
    for_each = local.database_parameters
    content {
      name  = parameter.key
      value = parameter.value
    }
  }

  lifecycle { create_before_destroy = true }
}

resource "aws_db_instance" "this" {
  #checkov:skip=CKV_AWS_161:The server signs in with a password: IAM's tokens end after 15 minutes, and tasks would need a role to get them.
  #checkov:skip=CKV2_AWS_69:rds.force_ssl is among database_parameters, which a dynamic block hides from checkov; tests/module.tftest.hcl sees it.
  #checkov:skip=CKV_AWS_293:On by default; deletion_protection turns it off to destroy.
  count          = local.is_aurora ? 0 : 1
  identifier     = var.name
  engine         = "postgres"
  engine_version = var.database_version
  instance_class = var.database_instance_class

  db_name  = local.database_name
  username = local.database_user
  password = random_password.database.result
  port     = local.postgres_port

  multi_az               = true
  db_subnet_group_name   = aws_db_subnet_group.this.name
  vpc_security_group_ids = [aws_security_group.database.id]
  publicly_accessible    = false
  ca_cert_identifier     = "rds-ca-rsa2048-g1"
  parameter_group_name   = aws_db_parameter_group.this[0].name

  storage_type          = "gp3"
  allocated_storage     = var.database_storage_gib
  max_allocated_storage = 5 * var.database_storage_gib
  storage_encrypted     = true
  kms_key_id            = aws_kms_key.this.arn

  backup_retention_period   = var.backup_retention_days
  backup_window             = "02:00-03:00"
  maintenance_window        = "sun:03:30-sun:04:30"
  copy_tags_to_snapshot     = true
  delete_automated_backups  = false
  deletion_protection       = var.deletion_protection
  skip_final_snapshot       = !var.deletion_protection
  final_snapshot_identifier = "${var.name}-final"

  auto_minor_version_upgrade      = true
  monitoring_interval             = 60
  monitoring_role_arn             = aws_iam_role.monitoring.arn
  performance_insights_enabled    = true
  performance_insights_kms_key_id = aws_kms_key.this.arn
  enabled_cloudwatch_logs_exports = ["postgresql"]

  depends_on = [aws_cloudwatch_log_group.postgres, aws_iam_role_policy_attachment.monitoring]
}
