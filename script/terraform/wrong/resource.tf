# The provider hashicorp/aws does not support resource type "aws_load_balancer".
resource "aws_load_balancer" "wrong" {
}
