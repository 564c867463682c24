# No more than 1 "health_check" blocks are allowed
resource "aws_lb_target_group" "wrong" {
  health_check {}
  health_check {}
}
