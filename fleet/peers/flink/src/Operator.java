package peers;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.Optional;
import java.util.stream.Stream;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.api.common.state.ValueState;
import org.apache.flink.api.common.state.ValueStateDescriptor;
import org.apache.flink.api.common.typeinfo.PrimitiveArrayTypeInfo;
import org.apache.flink.api.common.typeinfo.TypeHint;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.java.tuple.Tuple2;
import org.apache.flink.api.java.tuple.Tuple3;
import org.apache.flink.configuration.CheckpointingOptions;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.ExternalizedCheckpointRetention;
import org.apache.flink.configuration.StateRecoveryOptions;
import org.apache.flink.connector.base.DeliveryGuarantee;
import org.apache.flink.connector.kafka.sink.KafkaRecordSerializationSchema;
import org.apache.flink.connector.kafka.sink.KafkaSink;
import org.apache.flink.connector.kafka.source.KafkaSource;
import org.apache.flink.connector.kafka.source.enumerator.initializer.OffsetsInitializer;
import org.apache.flink.connector.kafka.source.reader.deserializer.KafkaRecordDeserializationSchema;
import org.apache.flink.core.execution.RecoveryClaimMode;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.functions.KeyedProcessFunction;
import org.apache.flink.util.Collector;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;

/**
 * The operator on Flink: a keyed function whose state is in checkpoints. The commands between
 * two checkpoints are one transaction. Job manager and task manager are in this process.
 */
public final class Operator extends KeyedProcessFunction<String, Tuple3<String, String, byte[]>, Tuple2<String, byte[]>> {
    private static final Duration CHECKPOINT_EVERY = Duration.ofMillis(250);
    private static final TypeInformation<Tuple3<String, String, byte[]>> IN = TypeInformation.of(new TypeHint<>() { }); // topic, key, value
    private static final TypeInformation<Tuple2<String, byte[]>> OUT = TypeInformation.of(new TypeHint<>() { }); // key, value

    private transient ValueState<byte[]> zone;

    @Override
    public void open(OpenContext context) {
        zone = getRuntimeContext().getState(new ValueStateDescriptor<>("zone", PrimitiveArrayTypeInfo.BYTE_PRIMITIVE_ARRAY_TYPE_INFO));
    }

    @Override
    public void processElement(Tuple3<String, String, byte[]> r, Context context, Collector<Tuple2<String, byte[]>> out) throws IOException {
        Zone z = Zone.of(zone.value());
        byte[] command = z.take(r.f0, r.f2);
        if (command != null || r.f0.equals(Zone.TEMPSET)) {
            zone.update(z.bytes());
        }
        if (command != null) {
            out.collect(Tuple2.of(r.f1, command)); // with the reading's time
        }
    }

    /** Arguments: the brokers, a folder for checkpoints. */
    public static void main(String[] args) throws Exception {
        Path folder = Path.of(args[1]);
        Configuration c = new Configuration();
        c.set(CheckpointingOptions.CHECKPOINTING_INTERVAL, CHECKPOINT_EVERY);
        c.set(CheckpointingOptions.CHECKPOINTS_DIRECTORY, "file://" + folder);
        c.set(CheckpointingOptions.EXTERNALIZED_CHECKPOINT_RETENTION, ExternalizedCheckpointRetention.RETAIN_ON_CANCELLATION);
        c.set(StateRecoveryOptions.RESTORE_MODE, RecoveryClaimMode.CLAIM);
        newest(folder).ifPresent(p -> c.set(StateRecoveryOptions.SAVEPOINT_PATH, "file://" + p));

        KafkaSource<Tuple3<String, String, byte[]>> source = KafkaSource.<Tuple3<String, String, byte[]>>builder()
            .setBootstrapServers(args[0]).setGroupId("peers-flink").setTopics(Zone.SENSOR, Zone.TEMPSET)
            .setStartingOffsets(OffsetsInitializer.earliest()).setDeserializer(new Reader()).build();
        KafkaSink<Tuple2<String, byte[]>> sink = KafkaSink.<Tuple2<String, byte[]>>builder()
            .setBootstrapServers(args[0]).setDeliveryGuarantee(DeliveryGuarantee.EXACTLY_ONCE).setTransactionalIdPrefix("peers-flink")
            .setProperty("transaction.timeout.ms", "60000").setRecordSerializer(new Writer()).build();

        StreamExecutionEnvironment env = StreamExecutionEnvironment.createLocalEnvironment(1, c);
        env.fromSource(source, WatermarkStrategy.noWatermarks(), "in").uid("in")
            .keyBy(r -> r.f1).process(new Operator()).returns(OUT).uid("rule")
            .sinkTo(sink).uid("out");
        env.execute();
    }

    /** The newest checkpoint that is whole. A cluster's job manager would know it. */
    private static Optional<Path> newest(Path folder) throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            return files.filter(p -> p.endsWith("_metadata")).max(Comparator.comparing(p -> p.toFile().lastModified())).map(Path::getParent);
        }
    }

    private static final class Reader implements KafkaRecordDeserializationSchema<Tuple3<String, String, byte[]>> {
        @Override
        public void deserialize(ConsumerRecord<byte[], byte[]> r, Collector<Tuple3<String, String, byte[]>> out) {
            out.collect(Tuple3.of(r.topic(), new String(r.key(), StandardCharsets.UTF_8), r.value()));
        }

        @Override
        public TypeInformation<Tuple3<String, String, byte[]>> getProducedType() {
            return IN;
        }
    }

    private static final class Writer implements KafkaRecordSerializationSchema<Tuple2<String, byte[]>> {
        @Override
        public ProducerRecord<byte[], byte[]> serialize(Tuple2<String, byte[]> r, KafkaSinkContext context, Long at) {
            return new ProducerRecord<>(Zone.HEATERCONTROL, null, at, r.f0.getBytes(StandardCharsets.UTF_8), r.f1);
        }
    }
}
