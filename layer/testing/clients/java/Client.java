import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import software.amazon.awssdk.awscore.exception.AwsServiceException;
import software.amazon.awssdk.services.secretsmanager.SecretsManagerClient;
import software.amazon.awssdk.services.secretsmanager.model.ResourceNotFoundException;
import software.amazon.awssdk.services.ssm.SsmClient;
import software.amazon.awssdk.services.ssm.model.Parameter;
import software.amazon.awssdk.services.ssm.model.ParameterNotFoundException;

public class Client {
  public static void main(String[] arguments) {
    try (SecretsManagerClient secrets = SecretsManagerClient.create(); SsmClient ssm = SsmClient.create()) {
      Map<String, Object> seen = new TreeMap<>();
      seen.put("read", List.of(secret(secrets), secret(secrets)));
      byte[] binary = secrets.getSecretValue(ask -> ask.secretId("blob")).secretBinary().asByteArray();
      seen.put("binary", HexFormat.of().formatHex(binary));
      seen.put("created", secrets.getSecretValue(ask -> ask.secretId("s")).createdDate().getEpochSecond());
      try {
        secrets.getSecretValue(ask -> ask.secretId("none"));
      } catch (ResourceNotFoundException error) {
        seen.put("noSecret", codeOf(error));
      }
      try {
        ssm.getParameter(ask -> ask.name("/none"));
      } catch (ParameterNotFoundException error) {
        seen.put("noParameter", codeOf(error));
      }
      seen.put(
          "listed",
          ssm.getParametersByPathPaginator(ask -> ask.path("/app")).stream()
              .flatMap(page -> page.parameters().stream())
              .map(Parameter::name)
              .collect(Collectors.toList()));
      var some = ssm.getParameters(ask -> ask.names("/app/a", "/none"));
      List<String> found = some.parameters().stream().map(Parameter::name).collect(Collectors.toList());
      seen.put("some", List.of(found, some.invalidParameters()));
      seen.put("described", secrets.describeSecret(ask -> ask.secretId("s")).name());
      secrets.putSecretValue(ask -> ask.secretId("s").secretString("what the client has written"));
      ssm.putParameter(
          ask -> ask.name("/app/a").value("what the client has written, too").overwrite(true));
      seen.put("writtenSecret", secret(secrets));
      seen.put("writtenParameter", ssm.getParameter(ask -> ask.name("/app/a")).parameter().value());
      System.out.println(json(seen));
    }
  }

  private static String secret(SecretsManagerClient secrets) {
    return secrets.getSecretValue(ask -> ask.secretId("s")).secretString();
  }

  private static String codeOf(AwsServiceException error) {
    return error.awsErrorDetails().errorCode();
  }

  /** Enough for names and values without quotes. */
  private static String json(Object value) {
    if (value instanceof Map<?, ?> members)
      return members.entrySet().stream()
          .map(one -> json(one.getKey()) + ":" + json(one.getValue()))
          .collect(Collectors.joining(",", "{", "}"));
    if (value instanceof List<?> items)
      return items.stream().map(Client::json).collect(Collectors.joining(",", "[", "]"));
    return value instanceof Number ? value.toString() : '"' + value.toString() + '"';
  }
}
