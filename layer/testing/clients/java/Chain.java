import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.Scanner;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import software.amazon.awssdk.auth.credentials.AwsSessionCredentials;
import software.amazon.awssdk.auth.credentials.DefaultCredentialsProvider;

/**
 * A function that takes the session token from the SDK's credential chain inside its handler, as AWS's guide has it for
 * every initialization mode. Each line of input has two numbers of invocations, all at once: so many make a provider of
 * their own, so many share one that keeps what it has read. Each line of output is what they got.
 */
public class Chain {
  private static final URI SECRET =
      URI.create(
          "http://localhost:"
              + System.getenv("PARAMETERS_SECRETS_EXTENSION_HTTP_PORT")
              + "/secretsmanager/get?secretId=s");
  private static final HttpClient HTTP = HttpClient.newHttpClient();
  private static final DefaultCredentialsProvider KEPT = DefaultCredentialsProvider.builder().build();

  public static void main(String[] arguments) {
    Scanner lines = new Scanner(System.in);
    while (lines.hasNextInt()) {
      int own = lines.nextInt();
      int sharing = lines.nextInt();
      var asked =
          IntStream.range(0, own + sharing)
              .mapToObj(i -> i < own ? DefaultCredentialsProvider.builder().build() : KEPT)
              .map(provider -> CompletableFuture.supplyAsync(() -> handler(provider)))
              .collect(Collectors.toList());
      System.out.println(
          asked.stream()
              .map(one -> '"' + one.join() + '"')
              .collect(Collectors.joining(",", "[", "]")));
    }
  }

  private static String handler(DefaultCredentialsProvider provider) {
    String token = ((AwsSessionCredentials) provider.resolveCredentials()).sessionToken();
    var request =
        HttpRequest.newBuilder(SECRET).header("X-Aws-Parameters-Secrets-Token", token).build();
    try {
      var response = HTTP.send(request, BodyHandlers.ofString());
      String body = response.body();
      // As AWS's own sample in Java finds the value.
      int from = body.indexOf("SecretString") + 15;
      return response.statusCode() == 200
          ? body.substring(from, body.indexOf('"', from))
          : response.statusCode() + " " + body;
    } catch (Exception error) {
      return error.toString();
    }
  }
}
