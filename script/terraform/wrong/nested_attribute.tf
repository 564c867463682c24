# An argument named "pth" is not expected here.
resource "aws_lb_target_group" "wrong" {
  health_check {
    pth = "/healthz"
  }
}
