# Inappropriate value for attribute "subnets": set of string required.
resource "aws_lb" "wrong" {
  subnets = 2
}
