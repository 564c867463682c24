# Where what is written goes: the server's lines, and the metrics that the collector prints.

resource "aws_cloudwatch_log_group" "server" {
  #checkov:skip=CKV_AWS_338:A year is the default; who sets less has chosen so.
  name              = "/${var.name}/server"
  retention_in_days = var.log_retention_days
  kms_key_id        = aws_kms_key.this.arn
}

# CloudWatch makes metrics of these lines as they come in; they are of no use afterwards.
resource "aws_cloudwatch_log_group" "metrics" {
  #checkov:skip=CKV_AWS_338:The lines become metrics, which CloudWatch keeps for 15 months.
  name              = "/${var.name}/metrics"
  retention_in_days = 30
  kms_key_id        = aws_kms_key.this.arn
}

resource "aws_cloudwatch_log_group" "postgres" {
  #checkov:skip=CKV_AWS_338:A year is the default; who sets less has chosen so.
  name              = local.postgres_log_group
  retention_in_days = var.log_retention_days
  kms_key_id        = aws_kms_key.this.arn
}
