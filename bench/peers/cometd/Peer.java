import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;

import org.cometd.bayeux.Promise;
import org.cometd.bayeux.server.ServerChannel;
import org.cometd.server.BayeuxServerImpl;
import org.cometd.server.websocket.jetty.JettyWebSocketTransport;
import org.eclipse.jetty.server.Context;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.server.handler.ContextHandler;
import org.eclipse.jetty.websocket.server.WebSocketUpgradeHandler;

/**
 * A CometD server on Jetty with a channel for each item: it listens on loopback, prints its port
 * when it is ready, publishes each update that comes as a line over standard input, and ends with it.
 *
 * <p>Arguments: the number of items; for how many milliseconds messages are lazy, 0 for not at all.
 */
public class Peer {
    public static void main(String[] args) throws Exception {
        int items = Integer.parseInt(args[0]);
        long lazy = Long.parseLong(args[1]);

        Server server = new Server();
        ServerConnector connector = new ServerConnector(server);
        connector.setHost("127.0.0.1");
        server.addConnector(connector);
        ContextHandler context = new ContextHandler("/");
        server.setHandler(context);
        context.setHandler(WebSocketUpgradeHandler.from(server, context));

        BayeuxServerImpl bayeux = new BayeuxServerImpl();
        bayeux.setOption(Context.class.getName(), context.getContext());
        bayeux.setOption(BayeuxServerImpl.TRANSPORTS_OPTION, JettyWebSocketTransport.class.getName());
        bayeux.setOption("ws.cometdURLMapping", "/cometd");
        // As many messages per frame as wait.
        bayeux.setOption("ws.messagesPerFrame", "1000");
        // No polls inside the WebSocket: the runs are shorter than what they would find out.
        bayeux.setOption("timeout", "3600000");
        bayeux.setOption("maxInterval", "3600000");
        context.addBean(bayeux);
        server.start();

        ServerChannel[] channels = new ServerChannel[items];
        for (int i = 0; i < items; i++) {
            channels[i] = bayeux.createChannelIfAbsent("/" + i, channel -> {
                channel.setPersistent(true);
                if (lazy > 0) {
                    channel.setLazyTimeout(lazy);
                }
            }).getReference();
        }
        System.out.println(connector.getLocalPort());

        try {
            publish(channels);
        } catch (Exception e) {
            e.printStackTrace();
        }
        System.exit(0); // Jetty's threads would wait for their clients
    }

    private static void publish(ServerChannel[] channels) throws Exception {
        BufferedReader ticks = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.ISO_8859_1), 1 << 16);
        for (String update; (update = ticks.readLine()) != null; ) {
            int item = Integer.parseInt(update, 1, update.indexOf('|'), 10);
            channels[item].publish(null, update, Promise.noop());
        }
    }
}
