# This object has no argument, nested block, or exported attribute named "arn_sufix".
resource "aws_lb" "wrong" {
}

output "wrong" {
  value = aws_lb.wrong.arn_sufix
}
