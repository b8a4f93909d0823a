import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.Map;

/** Java 11 and newer, with the x86_64 or arm64 layer. SECRET_ID and PARAMETER_NAME are variables of the function. */
public class Handler {
  private static final HttpClient CLIENT = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
  private static final String PORT = System.getenv().getOrDefault("PARAMETERS_SECRETS_EXTENSION_HTTP_PORT", "2773");

  public String handleRequest(Map<String, Object> event) throws IOException, InterruptedException {
    String secret = ask("/secretsmanager/get?secretId=" + encoded(System.getenv("SECRET_ID")));
    String parameter =
        ask("/systemsmanager/parameters/get?withDecryption=true&name=" + encoded(System.getenv("PARAMETER_NAME")));
    return "JSON of " + secret.length() + " and " + parameter.length() + " characters";
  }

  private static String ask(String target) throws IOException, InterruptedException {
    HttpRequest request =
        HttpRequest.newBuilder(URI.create("http://localhost:" + PORT + target))
            .header("X-Aws-Parameters-Secrets-Token", System.getenv("AWS_SESSION_TOKEN"))
            .build();
    HttpResponse<String> response = CLIENT.send(request, HttpResponse.BodyHandlers.ofString());
    if (response.statusCode() != 200) {
      throw new IOException(response.statusCode() + " " + response.headers().firstValue("X-Amzn-ErrorMessage").orElse(""));
    }
    return response.body();
  }

  private static String encoded(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8);
  }
}
