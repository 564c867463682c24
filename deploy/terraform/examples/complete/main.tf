# Turnkey in a network of its own: two zones with three subnets each, for the load balancer, the
# tasks, and the database. The state holds secrets: give it a backend that encrypts (deploy/README.md).

terraform {
  required_version = ">= 1.9"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 6.25, < 7.0"
    }
  }
}

provider "aws" {
  region = var.region

  default_tags {
    tags = { Service = var.name }
  }
}

module "turnkey" {
  source = "../.."

  name                 = var.name
  image                = var.image
  image_repository_arn = var.image_repository_arn
  cpu_architecture     = var.cpu_architecture
  default_stage        = var.default_stage

  vpc_id                      = aws_vpc.this.id
  public_subnet_ids           = [for subnet in aws_subnet.public : subnet.id]
  service_subnet_ids          = [for subnet in aws_subnet.service : subnet.id]
  database_subnet_ids         = [for subnet in aws_subnet.database : subnet.id]
  operator_security_group_ids = { operators = aws_security_group.operators.id }

  certificate_arn  = aws_acm_certificate_validation.this.certificate_arn
  alarm_topic_arns = var.alarm_topic_arns

  # Tasks pull their image and read their secrets through it.
  depends_on = [aws_route.service_out]
}

# To be worn by what may reach the control listener: a VPN's end, a bastion, a runner.
resource "aws_security_group" "operators" {
  #checkov:skip=CKV2_AWS_5:Operators' machines are not of this configuration.
  name        = "${var.name}-operators"
  description = "May reach the control listener of ${var.name}"
  vpc_id      = aws_vpc.this.id
}

resource "aws_vpc_security_group_egress_rule" "operators_to_control" {
  security_group_id            = aws_security_group.operators.id
  description                  = "Control listener"
  referenced_security_group_id = module.turnkey.service_security_group_id
  ip_protocol                  = "tcp"
  from_port                    = 8081
  to_port                      = 8081
}
