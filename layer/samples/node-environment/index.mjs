// nodejs runtimes. Variables of the function:
//   AWS_LAMBDA_EXEC_WRAPPER=/opt/parameters-secrets-exec
//   DB_PASSWORD=resolve:secretsmanager:MySecret:password

export async function handler() {
  return { passwordLength: process.env.DB_PASSWORD.length }
}
