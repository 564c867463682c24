# An argument named "prot" is not expected here.
resource "aws_lb_target_group" "wrong" {
  prot = 80
}
