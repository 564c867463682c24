import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;

/** Many calls with the client's defaults, which offer HTTP/2 by `Upgrade: h2c` with each of them. */
public class Posts {
    public static void main(String[] arguments) throws Exception {
        URI players = URI.create(arguments[0] + "/players");
        int calls = Integer.parseInt(arguments[2]);
        HttpClient client = HttpClient.newHttpClient();
        int failed = 0;
        for (int call = 0; call < calls; call++) {
            HttpRequest request = HttpRequest.newBuilder(players)
                .header("x-api-key", arguments[1])
                .header("content-type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString("{\"name\":\"Ann\"}"))
                .build();
            try {
                int status = client.send(request, HttpResponse.BodyHandlers.ofString()).statusCode();
                failed += status == 201 ? 0 : 1;
            } catch (java.io.IOException error) {
                failed++;
                System.err.println(error);
            }
        }
        System.out.println(calls + " calls, " + failed + " failed");
    }
}
