# Secrets are drawn here, kept in Secrets Manager, and reach the server as its environment. They are
# in Terraform's state too: keep that encrypted, where only operators read it.
#
# Containers name the version of a secret, so that a new value is rolled out like a new image, and
# a rollback goes back to the value before.

resource "random_password" "database" {
  length  = 48
  special = false
  keepers = { generation = var.database_password_generation }
}

resource "random_password" "signing" {
  for_each = toset([for generation in values(var.signing_secrets) : tostring(generation)])
  length   = 64
  special  = false
}

resource "random_password" "control_key_id" {
  length  = 20
  special = false
  lower   = false
  keepers = { generation = var.control_key_generation }
}

resource "random_password" "control_key" {
  length  = 48
  special = false
  keepers = { generation = var.control_key_generation }
}

locals {
  database_url = join("", [
    "postgresql://${local.database_user}:${random_password.database.result}",
    "@${local.database_address}:${local.postgres_port}/${local.database_name}",
    "?sslmode=verify-full&sslrootcert=${urlencode(var.database_ca_file)}",
  ])

  # What each secret holds, by the variables of the server.
  secrets = {
    database = {
      DATABASE_URL = local.database_url
    }
    signing = {
      TURNKEY_SECRET          = random_password.signing[var.signing_secrets.signs].result
      TURNKEY_SECRET_PREVIOUS = random_password.signing[var.signing_secrets.accepts].result
    }
    control = {
      TURNKEY_ACCESS_KEY_ID     = random_password.control_key_id.result
      TURNKEY_SECRET_ACCESS_KEY = random_password.control_key.result
    }
  }
}

resource "aws_secretsmanager_secret" "this" {
  #checkov:skip=CKV2_AWS_57:Rotation is by generation (see deploy/README.md): tasks have to be rolled out between its steps, which Secrets Manager's schedule does not do.
  for_each    = toset(["database", "signing", "control"])
  name_prefix = "${var.name}/${each.key}-"
  description = "${var.name}: ${each.key}"
  kms_key_id  = aws_kms_key.this.arn
}

resource "aws_secretsmanager_secret_version" "this" {
  for_each      = aws_secretsmanager_secret.this
  secret_id     = each.value.id
  secret_string = jsonencode(local.secrets[each.key])
}
