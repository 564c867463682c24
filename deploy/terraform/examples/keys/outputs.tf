output "keys" {
  description = "The value of each key, for its app's x-api-key: `terraform output -json keys`."
  value       = { for app, password in random_password.key : app => password.result }
  sensitive   = true
}
