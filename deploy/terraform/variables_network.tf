# The network, which is there already.

variable "vpc_id" {
  description = "The VPC."
  type        = string
}

variable "public_subnet_ids" {
  description = "Subnets of the load balancer, in two zones at least."
  type        = list(string)

  validation {
    condition     = length(var.public_subnet_ids) >= 2
    error_message = "At least two, in different zones."
  }
}

variable "service_subnet_ids" {
  description = "Private subnets of the tasks, in two zones at least, from which ECR, Secrets Manager and CloudWatch Logs can be reached (a NAT gateway, or interface endpoints and S3's gateway)."
  type        = list(string)

  validation {
    condition     = length(var.service_subnet_ids) >= 2
    error_message = "At least two, in different zones."
  }
}

variable "database_subnet_ids" {
  description = "Private subnets of the database, in two zones at least."
  type        = list(string)

  validation {
    condition     = length(var.database_subnet_ids) >= 2
    error_message = "At least two, in different zones."
  }
}

variable "client_cidr_blocks" {
  description = "Who may call the game API."
  type        = list(string)
  default     = ["0.0.0.0/0"]
}

variable "operator_security_group_ids" {
  description = "Security groups, by a name of your own, whose members may reach the control listener: of a VPN, a bastion, or the machine that runs Terraform for keys and plans. Nobody else can."
  type        = map(string)
  default     = {}
}

variable "control_domain" {
  description = "Private domain that the control listener is found under, as control.DOMAIN; null for NAME.internal."
  type        = string
  default     = null
}

variable "certificate_arn" {
  description = "ACM certificate of the game API's name."
  type        = string

  validation {
    condition     = can(regex("^arn:[a-z-]+:acm:[a-z0-9-]+:[0-9]{12}:certificate/.+$", var.certificate_arn))
    error_message = "The ARN of an ACM certificate in this region."
  }
}

variable "access_log_bucket" {
  description = "S3 bucket that the load balancer's access logs go to, with the policy that AWS asks of such a bucket; null for none."
  type        = string
  default     = null
}

variable "web_acl_arn" {
  description = "WAF web ACL (REGIONAL) in front of the load balancer; null for none. It must let WebSocket upgrades pass."
  type        = string
  default     = null
}
