variable "control_endpoint" {
  description = "Turnkey's control plane: the output control_endpoint of the service, or http://127.0.0.1:8081."
  type        = string
  default     = "http://127.0.0.1:8081"
}

variable "turnkey_access_key_id" {
  description = "TURNKEY_ACCESS_KEY_ID. Give it as TF_VAR_turnkey_access_key_id, never on the command line."
  type        = string
  sensitive   = true
}

variable "turnkey_secret_access_key" {
  description = "TURNKEY_SECRET_ACCESS_KEY. Give it as TF_VAR_turnkey_secret_access_key, never on the command line."
  type        = string
  sensitive   = true
}

variable "stage" {
  description = "The stage that the keys open."
  type        = string
  default     = "prod"
}

variable "apps" {
  description = "A key for each: its name and what it is for."
  type        = map(string)
  default     = { phone = "The app for phones." }
}
