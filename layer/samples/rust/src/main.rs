// A function on provided.al2023, with the x86_64 or arm64 layer. SECRET_ID and PARAMETER_NAME are variables of the function.
use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::{Value, json};
use std::env::var;

async fn ask(client: &reqwest::Client, path: &str, query: &[(&str, &str)]) -> Result<Value, Error> {
    let port = var("PARAMETERS_SECRETS_EXTENSION_HTTP_PORT").unwrap_or("2773".into());
    let response = client
        .get(format!("http://localhost:{port}{path}"))
        .query(query)
        // The token is read at each request: under SnapStart it changes.
        .header("X-Aws-Parameters-Secrets-Token", var("AWS_SESSION_TOKEN")?)
        .send()
        .await?
        .error_for_status()?;
    Ok(response.json().await?)
}

async fn handler(client: &reqwest::Client) -> Result<Value, Error> {
    let secret = ask(client, "/secretsmanager/get", &[("secretId", &var("SECRET_ID")?)]).await?;
    let name = var("PARAMETER_NAME")?;
    let query = [("name", name.as_str()), ("withDecryption", "true")];
    let parameter = ask(client, "/systemsmanager/parameters/get", &query).await?;
    Ok(json!({
        "secretLength": secret["SecretString"].as_str().unwrap_or_default().len(),
        "parameterVersion": parameter["Parameter"]["Version"],
    }))
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let client = reqwest::Client::new();
    lambda_runtime::run(service_fn(|_: LambdaEvent<Value>| handler(&client))).await
}
