# The way in: HTTPS only, sockets kept, tasks asked whether they serve.

resource "aws_lb" "this" {
  #checkov:skip=CKV_AWS_91:Access logs need a bucket of the operator's: access_log_bucket names it.
  #checkov:skip=CKV2_AWS_28:A web ACL is the operator's choice: web_acl_arn names it.
  #checkov:skip=CKV2_AWS_76:So are its rules; nothing here runs Java.
  name                       = var.name
  load_balancer_type         = "application"
  security_groups            = [aws_security_group.load_balancer.id]
  subnets                    = var.public_subnet_ids
  idle_timeout               = local.idle_timeout_seconds
  drop_invalid_header_fields = true
  desync_mitigation_mode     = "defensive"
  enable_deletion_protection = var.deletion_protection

  # The client's address is appended, so that what a client wrote itself comes before what is
  # believed: see TURNKEY_TRUSTED_PROXIES.
  xff_header_processing_mode = "append"

  dynamic "access_logs" {
    for_each = var.access_log_bucket[*]
    content {
      bucket  = access_logs.value
      prefix  = var.name
      enabled = true
    }
  }
}

resource "aws_lb_target_group" "game" {
  #checkov:skip=CKV_AWS_378:TLS ends at the load balancer; from there to a task it is one hop inside the VPC, which only the load balancer's security group may take.
  name_prefix          = substr(var.name, 0, 6)
  vpc_id               = var.vpc_id
  target_type          = "ip"
  protocol             = "HTTP"
  port                 = local.game_port
  deregistration_delay = local.drain_seconds

  # A new task takes its share at once; the one with the fewest requests and sockets comes first.
  load_balancing_algorithm_type = "least_outstanding_requests"

  # Whether the process serves. Not /readyz, which asks for the database: when that is out, every
  # task would be replaced, over and over, and none would be there when it is back.
  health_check {
    path                = "/healthz"
    protocol            = "HTTP"
    matcher             = "200"
    interval            = 10
    timeout             = 5
    healthy_threshold   = 2
    unhealthy_threshold = 3
  }

  lifecycle { create_before_destroy = true }
}

resource "aws_lb_listener" "https" {
  load_balancer_arn = aws_lb.this.arn
  protocol          = "HTTPS"
  port              = 443
  ssl_policy        = "ELBSecurityPolicy-TLS13-1-2-2021-06"
  certificate_arn   = var.certificate_arn

  default_action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.game.arn
  }
}

resource "aws_lb_listener" "http" {
  load_balancer_arn = aws_lb.this.arn
  protocol          = "HTTP"
  port              = 80

  default_action {
    type = "redirect"
    redirect {
      protocol    = "HTTPS"
      port        = "443"
      status_code = "HTTP_301"
    }
  }
}

resource "aws_wafv2_web_acl_association" "this" {
  for_each     = { for arn in var.web_acl_arn[*] : "this" => arn }
  resource_arn = aws_lb.this.arn
  web_acl_arn  = each.value
}
