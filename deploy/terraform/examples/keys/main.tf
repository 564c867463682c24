# API keys and a usage plan, made through Turnkey's control plane by the provider that makes them at
# API Gateway. The API is there already (its id is `turnkey`), and so is the stage: `turnkey deploy`
# makes it. docs/GATE.md tells where Turnkey differs.

terraform {
  required_version = ">= 1.9"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 6.25, < 7.0"
    }
    random = {
      source  = "hashicorp/random"
      version = "~> 3.7"
    }
  }
}

# It speaks with Turnkey only: nothing else of AWS may be made here.
provider "aws" {
  region                      = "us-east-1" # Any will do.
  access_key                  = var.turnkey_access_key_id
  secret_key                  = var.turnkey_secret_access_key
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true

  endpoints {
    apigateway = var.control_endpoint
  }
}

# An app's key, which all its phones share. Turnkey keeps a hash of it and shows no value, so that
# one comes from here: 40 characters of 62 are some 238 bits.
resource "random_password" "key" {
  for_each = var.apps
  length   = 40
  special  = false
}

resource "aws_api_gateway_api_key" "app" {
  for_each    = var.apps
  name        = each.key
  description = each.value
  value       = random_password.key[each.key].result

  lifecycle {
    # What is read back has no value. Without this, the key would be replaced at every apply.
    ignore_changes = [value]

    # But a new value is a new key.
    replace_triggered_by = [random_password.key[each.key]]
  }
}

resource "aws_api_gateway_usage_plan" "apps" {
  name = "apps"

  api_stages {
    api_id = "turnkey"
    stage  = var.stage
  }

  throttle_settings {
    rate_limit  = 50
    burst_limit = 100
  }

  quota_settings {
    limit  = 1000000
    period = "MONTH"
  }
}

resource "aws_api_gateway_usage_plan_key" "app" {
  for_each      = aws_api_gateway_api_key.app
  key_id        = each.value.id
  key_type      = "API_KEY"
  usage_plan_id = aws_api_gateway_usage_plan.apps.id
}
