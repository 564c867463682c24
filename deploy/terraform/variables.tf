# What the service is, and where it runs.

variable "name" {
  description = "Prefix of every resource's name."
  type        = string
  default     = "turnkey"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,19}$", var.name)) && !endswith(var.name, "-")
    error_message = "1 to 20 lower-case letters, digits and hyphens, beginning with a letter: load balancers' names end at 32."
  }
}

variable "image" {
  description = "Turnkey's image with the database's root certificates in it, as Dockerfile beside this file makes it, by tag or digest."
  type        = string

  validation {
    condition     = can(regex("(@sha256:[0-9a-f]{64}|:[A-Za-z0-9_][A-Za-z0-9_.-]*)$", var.image)) && !endswith(var.image, ":latest")
    error_message = "Name a release, by tag or by digest: what `latest` means changes between two tasks, and a rollback would roll nothing back."
  }
}

variable "image_repository_arn" {
  description = "The ECR repository that the image is pulled from: the only one that tasks may read."
  type        = string

  validation {
    condition     = can(regex("^arn:[a-z-]+:ecr:[a-z0-9-]+:[0-9]{12}:repository/.+$", var.image_repository_arn))
    error_message = "An ARN such as arn:aws:ecr:eu-central-1:123456789012:repository/turnkey."
  }
}

variable "cpu_architecture" {
  description = "What the image was built for: ARM64 or X86_64."
  type        = string
  default     = "ARM64"

  validation {
    condition     = contains(["ARM64", "X86_64"], var.cpu_architecture)
    error_message = "Either ARM64 or X86_64."
  }
}

variable "cpu" {
  description = "CPU units of a task; 1024 are one core."
  type        = number
  default     = 1024

  validation {
    condition     = contains([512, 1024, 2048, 4096], var.cpu)
    error_message = "One of 512, 1024, 2048, 4096: rather more tasks than larger ones."
  }
}

variable "memory" {
  description = "Memory of a task in MiB."
  type        = number
  default     = 3072

  validation {
    condition     = var.memory >= 2 * var.cpu && var.memory <= min(8 * var.cpu, 30720) && var.memory % 1024 == 0
    error_message = "Fargate takes whole GiB, from 2 to 8 for each core, and at most 30."
  }
}

variable "minimum_tasks" {
  description = "Tasks that always run, spread over the zones."
  type        = number
  default     = 2

  validation {
    condition     = var.minimum_tasks >= 2
    error_message = "At least 2: one zone may be lost."
  }
}

variable "maximum_tasks" {
  description = "Tasks that run at most."
  type        = number
  default     = 8

  validation {
    condition     = var.maximum_tasks >= var.minimum_tasks
    error_message = "At least minimum_tasks."
  }
  validation {
    # While a release is rolled out there may be twice as many.
    condition     = var.maximum_tasks * (var.pool_size + 4) * 2 <= var.database_connections
    error_message = "Twice this many tasks would open more than database_connections sessions (pool_size and 4 each): lower one of them, or take a larger database and raise database_connections."
  }
}

variable "target_cpu_percent" {
  description = "Average use of CPU at which tasks are added or removed."
  type        = number
  default     = 60

  validation {
    condition     = var.target_cpu_percent >= 20 && var.target_cpu_percent <= 80
    error_message = "From 20 to 80."
  }
}

variable "target_sockets" {
  description = "Average number of open WebSockets per task at which tasks are added or removed."
  type        = number
  default     = 10000

  validation {
    condition     = var.target_sockets >= 100 && var.target_sockets <= 0.8 * var.max_sockets
    error_message = "At least 100, and at most 80 % of max_sockets: a task is full before the next one serves otherwise."
  }
}

variable "max_sockets" {
  description = "WebSockets that one task takes (TURNKEY_MAX_SOCKETS)."
  type        = number
  default     = 50000

  validation {
    condition     = var.max_sockets >= 1000 && var.max_sockets <= 60000
    error_message = "From 1000 to 60000: each one is a file, and Fargate gives a container 65535 of them."
  }
}

variable "pool_size" {
  description = "Database sessions of one task (TURNKEY_POOL_SIZE); some four more are open besides."
  type        = number
  default     = 16

  validation {
    condition     = var.pool_size >= 2 && var.pool_size <= 100
    error_message = "From 2 to 100."
  }
}

variable "default_stage" {
  description = "The stage served without a prefix (TURNKEY_DEFAULT_STAGE); null for none."
  type        = string
  default     = null
}

variable "cors_origins" {
  description = "Web origins that may call and open sockets from a browser (TURNKEY_CORS_ORIGINS)."
  type        = list(string)
  default     = []
}

variable "log_level" {
  description = "TURNKEY_LOG."
  type        = string
  default     = "info"
}

variable "environment" {
  description = "Further variables of the server, none of them secret."
  type        = map(string)
  default     = {}

  validation {
    condition = length(setintersection(keys(var.environment), [
      # Secrets.
      "DATABASE_URL", "TURNKEY_SECRET", "TURNKEY_SECRET_PREVIOUS",
      "TURNKEY_ACCESS_KEY_ID", "TURNKEY_SECRET_ACCESS_KEY", "TURNKEY_ADMIN_TOKEN",
      # What other variables of the module set.
      "TURNKEY_LISTEN", "TURNKEY_CONTROL_LISTEN", "TURNKEY_CONTROL_HOSTS", "TURNKEY_DEFAULT_STAGE",
      "TURNKEY_CORS_ORIGINS", "TURNKEY_TRUSTED_PROXIES", "TURNKEY_POOL_SIZE", "TURNKEY_MAX_SOCKETS",
      "TURNKEY_LOG", "TURNKEY_LOG_FORMAT",
    ])) == 0
    error_message = "One of them is set by the module, or is a secret, which whoever may see the task definition would read."
  }
}

variable "signing_secrets" {
  description = "Generations of TURNKEY_SECRET: `signs` is what tokens are signed with, `accepts` is accepted too. To rotate without refusing anybody, apply { signs = 1, accepts = 2 } and then { signs = 2, accepts = 1 }."
  type = object({
    signs   = number
    accepts = number
  })
  default = { signs = 1, accepts = 0 }

  validation {
    condition     = var.signing_secrets.signs != var.signing_secrets.accepts
    error_message = "Two different generations."
  }
}

variable "control_key_generation" {
  description = "Raise it to replace the control plane's access key."
  type        = number
  default     = 1
}

variable "collector_image" {
  description = "AWS Distro for OpenTelemetry Collector, which reads /metrics in each task and writes it to CloudWatch."
  type        = string
  default     = "public.ecr.aws/aws-observability/aws-otel-collector:v0.45.0"

  validation {
    condition     = !endswith(var.collector_image, ":latest") && can(regex("[:@]", var.collector_image))
    error_message = "Name a release, by tag or by digest."
  }
}

variable "collector_repository_arn" {
  description = "The ECR repository that it is pulled from, where that is one of your own; null for the public one."
  type        = string
  default     = null
}

variable "log_retention_days" {
  description = "How long logs are kept."
  type        = number
  default     = 365

  validation {
    condition     = contains([30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_retention_days)
    error_message = "A number of days that CloudWatch knows, from 30 on."
  }
}

variable "alarm_topic_arns" {
  description = "SNS topics that alarms are sent to."
  type        = list(string)
  default     = []
}

variable "deletion_protection" {
  description = "Keeps the database and the load balancer from being deleted, and takes a last snapshot. Turn it off, apply, and only then destroy."
  type        = bool
  default     = true
}
