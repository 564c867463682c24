# The argument "instance_class" is required, but no definition was found.
resource "aws_db_instance" "wrong" {
}
