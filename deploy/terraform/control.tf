# How operators find the control listener: a name in a private zone, which the addresses of the
# running tasks answer. Nothing stands between, so the Host that a call was signed for arrives as it
# was; which task answers does not matter.

locals {
  control_domain = coalesce(var.control_domain, "${var.name}.internal")
  control_host   = "control.${local.control_domain}"
}

resource "aws_service_discovery_private_dns_namespace" "this" {
  name        = local.control_domain
  description = "${var.name}: control listener"
  vpc         = var.vpc_id
}

resource "aws_service_discovery_service" "control" {
  name = "control"

  dns_config {
    namespace_id   = aws_service_discovery_private_dns_namespace.this.id
    routing_policy = "MULTIVALUE"
    dns_records {
      type = "A"
      ttl  = 10
    }
  }

  # ECS tells it which tasks are well; the number is the only one there is.
  health_check_custom_config {
    failure_threshold = 1
  }
}
