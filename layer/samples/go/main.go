// A function on provided.al2023, with the x86_64 or arm64 layer. SECRET_ID and PARAMETER_NAME are variables of the function.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"

	"github.com/aws/aws-lambda-go/lambda"
)

func port() string {
	if port := os.Getenv("PARAMETERS_SECRETS_EXTENSION_HTTP_PORT"); port != "" {
		return port
	}
	return "2773"
}

func ask(ctx context.Context, path string, query url.Values, answer any) error {
	address := fmt.Sprintf("http://localhost:%s%s?%s", port(), path, query.Encode())
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	request.Header.Set("X-Aws-Parameters-Secrets-Token", os.Getenv("AWS_SESSION_TOKEN"))
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", response.Status, response.Header.Get("X-Amzn-ErrorMessage"))
	}
	return json.NewDecoder(response.Body).Decode(answer)
}

func handler(ctx context.Context) (string, error) {
	var secret struct{ SecretString string }
	if err := ask(ctx, "/secretsmanager/get", url.Values{"secretId": {os.Getenv("SECRET_ID")}}, &secret); err != nil {
		return "", err
	}
	var parameter struct{ Parameter struct{ Version int } }
	query := url.Values{"name": {os.Getenv("PARAMETER_NAME")}, "withDecryption": {"true"}}
	if err := ask(ctx, "/systemsmanager/parameters/get", query, &parameter); err != nil {
		return "", err
	}
	return fmt.Sprintf("a secret of %d bytes, version %d", len(secret.SecretString), parameter.Parameter.Version), nil
}

func main() {
	lambda.Start(handler)
}
