# One function that reads one secret and one parameter through the layer. After npm run layer, in this folder:
#   terraform init && terraform apply
#   terraform destroy

terraform {
  required_providers {
    archive = {
      source  = "hashicorp/archive"
      version = ">= 2.0"
    }
    aws = {
      source  = "hashicorp/aws"
      version = ">= 6.0"
    }
  }
}

locals {
  name = "parameters-secrets-example"
  zip  = "${path.module}/../../../dist/parameters-secrets-arm64.zip"
}

resource "aws_lambda_layer_version" "parameters_secrets" {
  layer_name               = local.name
  filename                 = local.zip
  source_code_hash         = filebase64sha256(local.zip)
  compatible_architectures = ["arm64"]
  license_info             = "Apache-2.0"
}

# Its value is set by `aws secretsmanager put-secret-value`, so that it is not in Terraform's state.
resource "aws_secretsmanager_secret" "read" {
  name_prefix             = "${local.name}-"
  recovery_window_in_days = 0
}

resource "aws_ssm_parameter" "read" {
  name  = "/${local.name}"
  type  = "String"
  value = "a value that is no secret"
}

data "archive_file" "function" {
  type        = "zip"
  source_dir  = "${path.module}/../../samples/python"
  output_path = "${path.module}/function.zip"
}

resource "aws_lambda_function" "reader" {
  function_name    = local.name
  runtime          = "python3.13"
  architectures    = ["arm64"]
  handler          = "handler.handler"
  filename         = data.archive_file.function.output_path
  source_code_hash = data.archive_file.function.output_base64sha256
  memory_size      = 256
  timeout          = 10
  layers           = [aws_lambda_layer_version.parameters_secrets.arn]
  role             = aws_iam_role.reader.arn

  logging_config {
    log_format = "Text"
    log_group  = aws_cloudwatch_log_group.reader.name
  }

  environment {
    variables = {
      SECRET_ID      = aws_secretsmanager_secret.read.arn
      PARAMETER_NAME = aws_ssm_parameter.read.name
    }
  }
}

resource "aws_cloudwatch_log_group" "reader" {
  name              = "/aws/lambda/${local.name}"
  retention_in_days = 7
}

resource "aws_iam_role" "reader" {
  name_prefix = "${local.name}-"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "lambda.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })
}

resource "aws_iam_role_policy" "reads" {
  name = "reads"
  role = aws_iam_role.reader.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect   = "Allow"
        Action   = "secretsmanager:GetSecretValue"
        Resource = aws_secretsmanager_secret.read.arn
      },
      {
        Effect   = "Allow"
        Action   = "ssm:GetParameter"
        Resource = aws_ssm_parameter.read.arn
      },
      {
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = "${aws_cloudwatch_log_group.reader.arn}:*"
      },
    ]
  })
}

output "function_name" {
  value = aws_lambda_function.reader.function_name
}
