# The other kind: a writer, and in another zone a reader that takes over. Storage grows by itself.

resource "aws_rds_cluster_parameter_group" "this" {
  count       = local.is_aurora ? 1 : 0
  name_prefix = "${var.name}-"
  description = var.name
  family      = "aurora-postgresql${var.database_version}"

  dynamic "parameter" {
    for_each = local.database_parameters
    content {
      name  = parameter.key
      value = parameter.value
    }
  }

  lifecycle { create_before_destroy = true }
}

resource "aws_rds_cluster" "this" {
  #checkov:skip=CKV_AWS_162:The server signs in with a password: IAM's tokens end after 15 minutes, and tasks would need a role to get them.
  #checkov:skip=CKV2_AWS_27:log_min_duration_statement and log_statement are among database_parameters, which a dynamic block hides from checkov; tests/module.tftest.hcl sees them.
  #checkov:skip=CKV_AWS_139:On by default; deletion_protection turns it off to destroy.
  #checkov:skip=CKV2_AWS_8:Backups are Aurora's own, kept for backup_retention_days; a plan of AWS Backup is the account's matter.
  count              = local.is_aurora ? 1 : 0
  cluster_identifier = var.name
  engine             = "aurora-postgresql"
  engine_version     = var.database_version

  database_name   = local.database_name
  master_username = local.database_user
  master_password = random_password.database.result
  port            = local.postgres_port

  db_subnet_group_name            = aws_db_subnet_group.this.name
  vpc_security_group_ids          = [aws_security_group.database.id]
  db_cluster_parameter_group_name = aws_rds_cluster_parameter_group.this[0].name
  storage_encrypted               = true
  kms_key_id                      = aws_kms_key.this.arn

  backup_retention_period      = var.backup_retention_days
  preferred_backup_window      = "02:00-03:00"
  preferred_maintenance_window = "sun:03:30-sun:04:30"
  copy_tags_to_snapshot        = true
  deletion_protection          = var.deletion_protection
  skip_final_snapshot          = !var.deletion_protection
  final_snapshot_identifier    = "${var.name}-final"

  enabled_cloudwatch_logs_exports = ["postgresql"]

  depends_on = [aws_cloudwatch_log_group.postgres]
}

resource "aws_rds_cluster_instance" "this" {
  count              = local.is_aurora ? 2 : 0
  identifier         = "${var.name}-${count.index}"
  cluster_identifier = aws_rds_cluster.this[0].id
  engine             = aws_rds_cluster.this[0].engine
  engine_version     = aws_rds_cluster.this[0].engine_version
  instance_class     = var.database_instance_class

  publicly_accessible             = false
  ca_cert_identifier              = "rds-ca-rsa2048-g1"
  auto_minor_version_upgrade      = true
  monitoring_interval             = 60
  monitoring_role_arn             = aws_iam_role.monitoring.arn
  performance_insights_enabled    = true
  performance_insights_kms_key_id = aws_kms_key.this.arn

  depends_on = [aws_iam_role_policy_attachment.monitoring]
}
