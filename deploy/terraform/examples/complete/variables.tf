variable "region" {
  description = "Where everything is made."
  type        = string
  default     = "eu-central-1"
}

variable "zones" {
  description = "Availability zones of the region, two or three."
  type        = list(string)
  default     = ["eu-central-1a", "eu-central-1b"]

  validation {
    condition     = length(var.zones) >= 2 && length(var.zones) <= 3
    error_message = "Two or three."
  }
}

variable "name" {
  description = "Prefix of every resource's name."
  type        = string
  default     = "turnkey"
}

variable "image" {
  description = "Turnkey's image in ECR."
  type        = string
}

variable "image_repository_arn" {
  description = "The ECR repository that it is in."
  type        = string
}

variable "cpu_architecture" {
  description = "What the image was built for: ARM64 or X86_64."
  type        = string
  default     = "ARM64"
}

variable "default_stage" {
  description = "The stage served without a prefix; null for none."
  type        = string
  default     = null
}

variable "domain_name" {
  description = "The game API's name, such as play.example.com."
  type        = string
}

variable "hosted_zone_id" {
  description = "Route 53 zone that the name is in."
  type        = string
}

variable "alarm_topic_arns" {
  description = "SNS topics that alarms are sent to."
  type        = list(string)
  default     = []
}
