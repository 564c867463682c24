# The database.

variable "database_kind" {
  description = "postgres (RDS, Multi-AZ) or aurora-postgresql (a writer and a reader)."
  type        = string
  default     = "postgres"

  validation {
    condition     = contains(["postgres", "aurora-postgresql"], var.database_kind)
    error_message = "Either postgres or aurora-postgresql."
  }
}

variable "database_version" {
  description = "Major version of Postgres."
  type        = string
  default     = "17"

  validation {
    condition     = can(tonumber(var.database_version)) && try(tonumber(var.database_version) >= 14, false)
    error_message = "14 or later, the major version alone: minor ones are applied in the maintenance window."
  }
}

variable "database_instance_class" {
  description = "Size of the database, such as db.m7g.large or, for Aurora, db.r7g.large."
  type        = string
  default     = "db.m7g.large"

  validation {
    condition     = startswith(var.database_instance_class, "db.")
    error_message = "A class such as db.m7g.large."
  }
}

variable "database_connections" {
  description = "Sessions that the database takes (max_connections of its class): some 800 for 8 GiB."
  type        = number
  default     = 800
}

variable "database_storage_gib" {
  description = "Storage to begin with; it grows to five times of it by itself. Aurora needs neither."
  type        = number
  default     = 100

  validation {
    condition     = var.database_storage_gib >= 20
    error_message = "At least 20."
  }
}

variable "database_ca_file" {
  description = "Path, in the image, of the root certificates that the database's is checked against."
  type        = string
  default     = "/etc/turnkey/rds.pem"

  validation {
    condition     = startswith(var.database_ca_file, "/")
    error_message = "An absolute path."
  }
}

variable "database_password_generation" {
  description = "Raise it to replace the database's password. Sessions that are open stay; tasks that start meanwhile with the old one fail until the new ones are rolled out."
  type        = number
  default     = 1
}

variable "backup_retention_days" {
  description = "How far back the database can be restored to."
  type        = number
  default     = 14

  validation {
    condition     = var.backup_retention_days >= 7 && var.backup_retention_days <= 35
    error_message = "From 7 to 35."
  }
}
