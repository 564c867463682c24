# Blocks of type "health_chek" are not expected here.
resource "aws_lb_target_group" "wrong" {
  health_chek {
    path = "/healthz"
  }
}
