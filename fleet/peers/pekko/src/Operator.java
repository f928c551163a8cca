package peers;

import com.typesafe.config.ConfigFactory;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.apache.pekko.actor.ActorSystem;
import org.apache.pekko.kafka.ConsumerMessage.PartitionOffset;
import org.apache.pekko.kafka.ConsumerSettings;
import org.apache.pekko.kafka.ProducerMessage;
import org.apache.pekko.kafka.ProducerMessage.Envelope;
import org.apache.pekko.kafka.ProducerSettings;
import org.apache.pekko.kafka.RestrictedConsumer;
import org.apache.pekko.kafka.Subscriptions;
import org.apache.pekko.kafka.javadsl.PartitionAssignmentHandler;
import org.apache.pekko.kafka.javadsl.Transactional;

/**
 * The operator on Pekko Streams: a stream of both topics, whose commands, states and offsets
 * are one transaction. Pekko Streams keeps no state for a stream: what is remembered stands in
 * a compacted topic, which is read back when partitions are assigned.
 */
public final class Operator implements PartitionAssignmentHandler {
    private static final String STATE = "peers-pekko-zones", GROUP = "peers-pekko";

    private final String brokers;
    private final Map<Integer, Map<String, byte[]>> zones = new ConcurrentHashMap<>(); // by partition and key

    private Operator(String brokers) {
        this.brokers = brokers;
    }

    private Envelope<String, byte[], PartitionOffset> take(ConsumerRecord<String, byte[]> r, PartitionOffset place) {
        Map<String, byte[]> mine = zones.get(r.partition());
        Zone zone = Zone.of(mine.get(r.key()));
        byte[] command = zone.take(r.topic(), r.value());
        if (command == null && !r.topic().equals(Zone.TEMPSET)) {
            return ProducerMessage.passThrough(place);
        }
        mine.put(r.key(), zone.bytes());
        List<ProducerRecord<String, byte[]>> out = new ArrayList<>();
        out.add(new ProducerRecord<>(STATE, r.partition(), r.key(), zone.bytes()));
        if (command != null) {
            out.add(new ProducerRecord<>(Zone.HEATERCONTROL, null, r.timestamp(), r.key(), command));
        }
        return ProducerMessage.multi(out, place);
    }

    @Override
    public void onAssign(Set<TopicPartition> assigned, RestrictedConsumer consumer) {
        assigned.stream().filter(p -> p.topic().equals(Zone.SENSOR)).forEach(p -> zones.put(p.partition(), recall(p.partition())));
    }

    /** What comes still of partitions that are another's from now on is drained first: their zones stay until then. */
    @Override
    public void onRevoke(Set<TopicPartition> revoked, RestrictedConsumer consumer) { }

    @Override
    public void onLost(Set<TopicPartition> lost, RestrictedConsumer consumer) { }

    @Override
    public void onStop(Set<TopicPartition> current, RestrictedConsumer consumer) { }

    /** Reads states to the end that their topic has now, also behind a transaction that stands open still. */
    private Map<String, byte[]> recall(int number) {
        TopicPartition p = new TopicPartition(STATE, number);
        Map<String, byte[]> all = new HashMap<>();
        long end;
        try (KafkaConsumer<String, byte[]> any = reader("read_uncommitted")) {
            end = any.endOffsets(List.of(p)).get(p);
        }
        try (KafkaConsumer<String, byte[]> committed = reader("read_committed")) {
            committed.assign(List.of(p));
            committed.seekToBeginning(List.of(p));
            while (committed.position(p) < end) {
                committed.poll(Duration.ofMillis(100)).forEach(r -> all.put(r.key(), r.value()));
            }
        }
        return all;
    }

    private KafkaConsumer<String, byte[]> reader(String isolation) {
        return new KafkaConsumer<>(Map.of("bootstrap.servers", brokers, "isolation.level", isolation), new StringDeserializer(), new ByteArrayDeserializer());
    }

    /** Arguments: the brokers, a folder that is not needed, the name of this process in the group. */
    public static void main(String[] args) {
        ActorSystem system = ActorSystem.create("peers", ConfigFactory.load());
        ConsumerSettings<String, byte[]> in = ConsumerSettings.create(system, new StringDeserializer(), new ByteArrayDeserializer())
            .withBootstrapServers(args[0]).withGroupId(GROUP).withGroupInstanceId(args[2])
            .withProperty("auto.offset.reset", "earliest").withProperty("session.timeout.ms", "6000").withProperty("heartbeat.interval.ms", "1000");
        ProducerSettings<String, byte[]> out = ProducerSettings.create(system, new StringSerializer(), new ByteArraySerializer())
            .withBootstrapServers(args[0]).withProperty("transaction.timeout.ms", "6000");
        String transactions = GROUP + "-" + args[2];
        endOpenTransaction(out, transactions);
        Operator operator = new Operator(args[0]);
        Transactional.source(in, Subscriptions.topics(Zone.SENSOR, Zone.TEMPSET).withPartitionAssignmentHandler(operator))
            .map(m -> operator.take(m.record(), m.partitionOffset()))
            .runWith(Transactional.sink(out, transactions), system)
            .whenComplete((done, failure) -> {
                if (failure != null) {
                    failure.printStackTrace();
                }
                Runtime.getRuntime().halt(1); // its service manager starts it again
            });
    }

    /** The library does this with the first record only; until then the states could not be read. */
    private static void endOpenTransaction(ProducerSettings<String, byte[]> out, String transactions) {
        try (Producer<String, byte[]> p = out.withProperty("transactional.id", transactions).createKafkaProducer()) {
            p.initTransactions();
        }
    }
}
