output "load_balancer_dns_name" {
  description = "Where the game API's name points to."
  value       = aws_lb.this.dns_name
}

output "load_balancer_zone_id" {
  description = "Hosted zone of the load balancer, for an alias record."
  value       = aws_lb.this.zone_id
}

output "control_endpoint" {
  description = "The control plane, from inside the VPC: the AWS provider's and CLI's endpoint for apigateway."
  value       = "http://${local.control_host}:${local.control_port}"
}

output "control_secret_arn" {
  description = "Secret that holds the control plane's access key, as TURNKEY_ACCESS_KEY_ID and TURNKEY_SECRET_ACCESS_KEY."
  value       = aws_secretsmanager_secret.this["control"].arn
}

output "cluster_name" {
  description = "The ECS cluster."
  value       = aws_ecs_cluster.this.name
}

output "service_name" {
  description = "The ECS service."
  value       = aws_ecs_service.this.name
}

output "service_security_group_id" {
  description = "Security group of the tasks."
  value       = aws_security_group.service.id
}

output "database_address" {
  description = "Name of the database."
  value       = local.database_address
}

output "log_group_name" {
  description = "Log group of the server's lines."
  value       = aws_cloudwatch_log_group.server.name
}

output "kms_key_arn" {
  description = "The key that everything is encrypted with."
  value       = aws_kms_key.this.arn
}
