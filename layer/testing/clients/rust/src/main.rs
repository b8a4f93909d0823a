use aws_sdk_secretsmanager::error::{ProvideErrorMetadata, SdkError};
use serde_json::json;

type Failure = Box<dyn std::error::Error>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    let config = aws_config::load_defaults(aws_config::BehaviorVersion::latest()).await;
    let secrets = aws_sdk_secretsmanager::Client::new(&config);
    let ssm = aws_sdk_ssm::Client::new(&config);
    let secret = || async {
        let out = secrets.get_secret_value().secret_id("s").send().await?;
        Ok::<_, Failure>(out.secret_string.unwrap_or_default())
    };

    let read = [secret().await?, secret().await?];
    let blob = secrets.get_secret_value().secret_id("blob").send().await?;
    let binary = blob.secret_binary.unwrap_or_else(|| panic!("no bytes")).into_inner();
    let created = secrets.get_secret_value().secret_id("s").send().await?.created_date;

    let no_secret = match secrets.get_secret_value().secret_id("none").send().await {
        Err(SdkError::ServiceError(context)) if context.err().is_resource_not_found_exception() => {
            context.err().code().map(str::to_owned)
        }
        _ => None,
    };
    let no_parameter = match ssm.get_parameter().name("/none").send().await {
        Err(SdkError::ServiceError(context)) if context.err().is_parameter_not_found() => {
            context.err().code().map(str::to_owned)
        }
        _ => None,
    };

    let mut listed = Vec::new();
    let mut pages = ssm.get_parameters_by_path().path("/app").into_paginator().send();
    while let Some(page) = pages.next().await {
        listed.extend(page?.parameters().iter().filter_map(|one| one.name.clone()));
    }
    let some = ssm.get_parameters().names("/app/a").names("/none").send().await?;
    let found: Vec<_> = some.parameters().iter().filter_map(|one| one.name()).collect();
    let described = secrets.describe_secret().secret_id("s").send().await?.name;

    secrets
        .put_secret_value()
        .secret_id("s")
        .secret_string("what the client has written")
        .send()
        .await?;
    ssm.put_parameter()
        .name("/app/a")
        .value("what the client has written, too")
        .overwrite(true)
        .send()
        .await?;
    let parameter = ssm.get_parameter().name("/app/a").send().await?.parameter;

    let seen = json!({
        "read": read,
        "binary": binary.iter().map(|byte| format!("{byte:02x}")).collect::<String>(),
        "created": created.map(|at| at.secs()),
        "noSecret": no_secret,
        "noParameter": no_parameter,
        "listed": listed,
        "some": [json!(found), json!(some.invalid_parameters())],
        "described": described,
        "writtenSecret": secret().await?,
        "writtenParameter": parameter.and_then(|one| one.value),
    });
    println!("{seen}");
    Ok(())
}
