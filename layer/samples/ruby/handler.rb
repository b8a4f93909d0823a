# ruby runtimes, with the layer for x86_64 or arm64. Only the standard library.
require "json"
require "net/http"
require "uri"

PORT = Integer(ENV.fetch("PARAMETERS_SECRETS_EXTENSION_HTTP_PORT", "2773"))

def ask(path, query)
  uri = URI::HTTP.build(host: "localhost", port: PORT, path: path, query: URI.encode_www_form(query))
  # The token is read at each request: under SnapStart it changes.
  request = Net::HTTP::Get.new(uri, "X-Aws-Parameters-Secrets-Token" => ENV.fetch("AWS_SESSION_TOKEN"))
  response = Net::HTTP.start(uri.host, uri.port) { |http| http.request(request) }
  raise "#{response.code}: #{response["X-Amzn-ErrorType"]}" unless response.code == "200"

  JSON.parse(response.body.force_encoding("UTF-8"))
end

def handler(event:, context:)
  secret = ask("/secretsmanager/get", secretId: ENV.fetch("SECRET_ID"))["SecretString"]
  parameter = ask("/systemsmanager/parameters/get", name: ENV.fetch("PARAMETER_NAME"), withDecryption: "true")
  { "secretLength" => secret.length, "parameterVersion" => parameter["Parameter"]["Version"] }
end
