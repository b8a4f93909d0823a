import java.util.Map;

/** Calls the sample function as its runtime does, and prints what it returns. */
public class CallHandler {
  public static void main(String[] args) throws Exception {
    System.out.println(new Handler().handleRequest(Map.of()));
  }
}
