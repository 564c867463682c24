# How the server's own metrics reach CloudWatch, for scaling and alarms: a collector beside it in
# each task reads /metrics over loopback, where it is open without credentials, and prints those
# named here to its log in CloudWatch's embedded format, of which CloudWatch makes metrics. So it
# needs no role; and if it fails, the server runs on, and the alarms tell that nothing is told.

locals {
  metric_namespace = "Turnkey"
  collector_cpu    = 64
  collector_memory = 256

  metrics = {
    sockets          = "turnkey_live_sockets"
    tail_lag         = "turnkey_tail_lag_positions"
    projector_lag    = "turnkey_projector_lag_seconds"
    database_silence = "turnkey_database_silence_seconds"
  }

  collector_configuration = {
    receivers = {
      prometheus = {
        config = {
          scrape_configs = [{
            job_name        = "turnkey"
            scrape_interval = "60s"
            static_configs = [{
              targets = ["127.0.0.1:${local.control_port}"]
              labels  = { service = var.name }
            }]
            metric_relabel_configs = [{
              source_labels = ["__name__"]
              regex         = join("|", values(local.metrics))
              action        = "keep"
            }]
          }]
        }
      }
    }
    exporters = {
      awsemf = {
        region                  = local.region
        namespace               = local.metric_namespace
        output_destination      = "stdout"
        version                 = "1"
        dimension_rollup_option = "NoDimensionRollup"
        metric_declarations = [{
          dimensions            = [["service"]]
          metric_name_selectors = values(local.metrics)
        }]
      }
    }
    service = {
      pipelines = {
        metrics = {
          receivers = ["prometheus"]
          exporters = ["awsemf"]
        }
      }
    }
  }

  collector_container = {
    name                   = "collector"
    image                  = var.collector_image
    essential              = false
    cpu                    = local.collector_cpu
    memory                 = local.collector_memory
    readonlyRootFilesystem = true
    linuxParameters        = { capabilities = { drop = ["ALL"] } }
    environment            = [{ name = "AOT_CONFIG_CONTENT", value = yamlencode(local.collector_configuration) }]
    dependsOn              = [{ containerName = "turnkey", condition = "START" }]
    logConfiguration       = { logDriver = "awslogs", options = merge(local.log_options, { "awslogs-group" = aws_cloudwatch_log_group.metrics.name }) }
  }
}
