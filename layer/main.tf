# Publishes the three layers; run npm run layer first. Attach one of the outputs to a function's `layers`.

terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.0"
    }
  }
}

locals {
  layers = {
    nodejs = ["x86_64", "arm64"]
    x86_64 = ["x86_64"]
    arm64  = ["arm64"]
  }
}

resource "aws_lambda_layer_version" "parameters_secrets" {
  for_each                 = local.layers
  layer_name               = "parameters-secrets-${each.key}"
  description              = "Open Parameters and Secrets Lambda Extension 0.1.0"
  filename                 = "${path.module}/../dist/parameters-secrets-${each.key}.zip"
  source_code_hash         = filebase64sha256("${path.module}/../dist/parameters-secrets-${each.key}.zip")
  compatible_architectures = each.value
  license_info             = "Apache-2.0"
  skip_destroy             = true
}

output "parameters_secrets_layer_arns" {
  value = { for name, layer in aws_lambda_layer_version.parameters_secrets : name => layer.arn }
}
