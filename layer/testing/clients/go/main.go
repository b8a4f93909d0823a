package main

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	secretstypes "github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"
)

func check(err error) {
	if err != nil {
		panic(err)
	}
}

func main() {
	ctx := context.Background()
	cfg, err := config.LoadDefaultConfig(ctx)
	check(err)
	secrets, parameters := secretsmanager.NewFromConfig(cfg), ssm.NewFromConfig(cfg)

	secret := func(id string) *secretsmanager.GetSecretValueOutput {
		out, err := secrets.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: &id})
		check(err)
		return out
	}
	parameter := func(name string) string {
		out, err := parameters.GetParameter(ctx, &ssm.GetParameterInput{Name: &name})
		check(err)
		return *out.Parameter.Value
	}
	seen := map[string]any{
		"read":    []string{*secret("s").SecretString, *secret("s").SecretString},
		"binary":  hex.EncodeToString(secret("blob").SecretBinary),
		"created": secret("s").CreatedDate.Unix(),
	}

	_, err = secrets.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: aws.String("none")})
	var noSecret *secretstypes.ResourceNotFoundException
	if errors.As(err, &noSecret) {
		seen["noSecret"] = noSecret.ErrorCode()
	}
	_, err = parameters.GetParameter(ctx, &ssm.GetParameterInput{Name: aws.String("/none")})
	var noParameter *ssmtypes.ParameterNotFound
	if errors.As(err, &noParameter) {
		seen["noParameter"] = noParameter.ErrorCode()
	}

	var listed []string
	pages := ssm.NewGetParametersByPathPaginator(parameters, &ssm.GetParametersByPathInput{Path: aws.String("/app")})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		check(err)
		for _, one := range page.Parameters {
			listed = append(listed, *one.Name)
		}
	}
	seen["listed"] = listed

	some, err := parameters.GetParameters(ctx, &ssm.GetParametersInput{Names: []string{"/app/a", "/none"}})
	check(err)
	var found []string
	for _, one := range some.Parameters {
		found = append(found, *one.Name)
	}
	seen["some"] = []any{found, some.InvalidParameters}

	described, err := secrets.DescribeSecret(ctx, &secretsmanager.DescribeSecretInput{SecretId: aws.String("s")})
	check(err)
	seen["described"] = *described.Name

	_, err = secrets.PutSecretValue(ctx, &secretsmanager.PutSecretValueInput{
		SecretId:     aws.String("s"),
		SecretString: aws.String("what the client has written"),
	})
	check(err)
	_, err = parameters.PutParameter(ctx, &ssm.PutParameterInput{
		Name:      aws.String("/app/a"),
		Value:     aws.String("what the client has written, too"),
		Overwrite: aws.Bool(true),
	})
	check(err)
	seen["writtenSecret"] = *secret("s").SecretString
	seen["writtenParameter"] = parameter("/app/a")
	check(json.NewEncoder(os.Stdout).Encode(seen))
}
