package peers;

import java.util.Properties;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.Stores;

/**
 * The operator on Kafka Streams: a processor whose store is kept in a changelog. Commands,
 * changelog and offsets are one transaction.
 */
public final class Operator implements Processor<byte[], byte[], byte[], byte[]> {
    private static final String STORE = "zones";

    private ProcessorContext<byte[], byte[]> context;
    private KeyValueStore<String, byte[]> zones;

    @Override
    public void init(ProcessorContext<byte[], byte[]> context) {
        this.context = context;
        zones = context.getStateStore(STORE);
    }

    @Override
    public void process(Record<byte[], byte[]> r) {
        String topic = context.recordMetadata().orElseThrow().topic();
        String key = new String(r.key());
        Zone zone = Zone.of(zones.get(key));
        byte[] command = zone.take(topic, r.value());
        if (command != null || topic.equals(Zone.TEMPSET)) {
            zones.put(key, zone.bytes());
        }
        if (command != null) {
            context.forward(r.withValue(command));
        }
    }

    /** Arguments: the brokers, a folder of this process alone, its name in the group. */
    public static void main(String[] args) {
        Topology topology = new Topology();
        topology.addSource("in", Zone.SENSOR, Zone.TEMPSET);
        topology.addProcessor("rule", Operator::new, "in");
        topology.addStateStore(Stores.keyValueStoreBuilder(Stores.inMemoryKeyValueStore(STORE), Serdes.String(), Serdes.ByteArray()), "rule");
        topology.addSink("out", Zone.HEATERCONTROL, "rule");

        Properties p = new Properties();
        p.put(StreamsConfig.APPLICATION_ID_CONFIG, "peers-streams");
        p.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, args[0]);
        p.put(StreamsConfig.STATE_DIR_CONFIG, args[1]);
        p.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.EXACTLY_ONCE_V2);
        p.put(StreamsConfig.DEFAULT_KEY_SERDE_CLASS_CONFIG, Serdes.ByteArraySerde.class);
        p.put(StreamsConfig.DEFAULT_VALUE_SERDE_CLASS_CONFIG, Serdes.ByteArraySerde.class);
        p.put(StreamsConfig.REPLICATION_FACTOR_CONFIG, -1); // the brokers' own
        p.put(StreamsConfig.NUM_STANDBY_REPLICAS_CONFIG, 1);
        p.put(StreamsConfig.mainConsumerPrefix(ConsumerConfig.GROUP_INSTANCE_ID_CONFIG), args[2]);
        p.put(StreamsConfig.consumerPrefix(ConsumerConfig.SESSION_TIMEOUT_MS_CONFIG), 6000);
        p.put(StreamsConfig.consumerPrefix(ConsumerConfig.HEARTBEAT_INTERVAL_MS_CONFIG), 1000);

        KafkaStreams streams = new KafkaStreams(topology, p);
        streams.setStateListener((now, before) -> {
            if (now == KafkaStreams.State.ERROR) {
                Runtime.getRuntime().halt(1); // its service manager starts it again
            }
        });
        Runtime.getRuntime().addShutdownHook(new Thread(streams::close));
        streams.start();
    }
}
