output "url" {
  description = "The game API."
  value       = "https://${var.domain_name}"
}

output "control_endpoint" {
  description = "The control plane, from inside the VPC."
  value       = module.turnkey.control_endpoint
}

output "control_secret_arn" {
  description = "Secret that holds the control plane's access key."
  value       = module.turnkey.control_secret_arn
}

output "operators_security_group_id" {
  description = "To be worn by what may reach the control plane."
  value       = aws_security_group.operators.id
}
