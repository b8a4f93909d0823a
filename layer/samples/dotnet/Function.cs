// dotnet8 and newer, with the x86_64 or arm64 layer. SECRET_ID and PARAMETER_NAME are variables of the function.
// Handler: Function::Function::Handler. A stream in and a stream out need no package of Lambda's.
using System;
using System.IO;
using System.Net.Http;
using System.Text.Json;
using System.Threading.Tasks;

public class Function
{
    private static readonly HttpClient Client = new HttpClient();

    public async Task<Stream> Handler(Stream input)
    {
        var secret = await Ask($"/secretsmanager/get?secretId={Variable("SECRET_ID")}");
        var parameter = await Ask(
            $"/systemsmanager/parameters/get?withDecryption=true&name={Variable("PARAMETER_NAME")}");
        return new MemoryStream(JsonSerializer.SerializeToUtf8Bytes(new
        {
            secretLength = secret.GetProperty("SecretString").GetString().Length,
            parameterVersion = parameter.GetProperty("Parameter").GetProperty("Version").GetInt64(),
        }));
    }

    private static async Task<JsonElement> Ask(string target)
    {
        var port = Environment.GetEnvironmentVariable("PARAMETERS_SECRETS_EXTENSION_HTTP_PORT") ?? "2773";
        using var request = new HttpRequestMessage(HttpMethod.Get, $"http://localhost:{port}{target}");
        // The token is read at each request: under SnapStart it changes.
        request.Headers.Add("X-Aws-Parameters-Secrets-Token", Environment.GetEnvironmentVariable("AWS_SESSION_TOKEN"));
        using var response = await Client.SendAsync(request);
        response.EnsureSuccessStatusCode();
        return JsonSerializer.Deserialize<JsonElement>(await response.Content.ReadAsStringAsync());
    }

    private static string Variable(string name) =>
        Uri.EscapeDataString(Environment.GetEnvironmentVariable(name) ?? "");
}
