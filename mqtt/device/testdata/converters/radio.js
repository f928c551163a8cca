// A Zigbee radio without air: it speaks for the devices, byte by byte, and
// notes each command that Zigbee2MQTT sends them.
const {Adapter} = require("zigbee-herdsman/dist/adapter");
const {Zcl} = require("zigbee-herdsman");

const SUCCESS = Zcl.Status.SUCCESS;

class Radio extends Adapter {
    sent = []; // the commands, as text
    away = false; // no device hears any
    #number = 0;

    async start() {
        return "resumed";
    }
    async stop() {}
    async reset() {}
    async permitJoin() {}
    async supportsBackup() {
        return false;
    }
    async getCoordinatorIEEE() {
        return "0x00124b0000000000";
    }
    async getCoordinatorVersion() {
        return {type: "none", meta: {}};
    }
    async getNetworkParameters() {
        return {panID: 0x1a62, extendedPanID: "0xdddddddddddddddd", channel: 11, nwkUpdateID: 0};
    }

    // A device answers every question of the network layer with yes.
    async sendZdo(_ieee, address, cluster) {
        return [SUCCESS, {nwkAddress: address, capabilities: {}, entryList: [], cluster}];
    }
    async sendZclFrameToAll() {}
    async sendZclFrameToGroup() {}

    async sendZclFrameToEndpoint(_ieee, address, endpoint, frame) {
        if (this.away) {
            throw new Error("no answer");
        }
        if (frame.header.isSpecific) {
            const payload = JSON.stringify(frame.payload, (_, value) => (value?.type === "Buffer" ? Buffer.from(value.data).toString("hex") : value));
            this.sent.push(`endpoint ${endpoint}: ${frame.cluster.name}.${frame.command.name} ${payload}`);
            return frame.command.response === undefined ? undefined : this.#answer(frame, address, endpoint, "defaultRsp", {cmdId: frame.command.ID, statusCode: SUCCESS});
        }
        switch (frame.command.name) {
            case "read":
                return this.#answer(frame, address, endpoint, "readRsp", frame.payload.map(({attrId}) => ({attrId, status: Zcl.Status.UNSUPPORTED_ATTRIBUTE})));
            case "write":
                this.sent.push(`endpoint ${endpoint}: write ${frame.cluster.name} ${frame.payload.map((a) => `${attribute(frame.cluster, a.attrId)?.name ?? a.attrId}=${JSON.stringify(a.attrData)}`)}`);
                return this.#answer(frame, address, endpoint, "writeRsp", frame.payload.map(({attrId}) => ({status: SUCCESS, attrId})));
            case "configReport":
                return this.#answer(frame, address, endpoint, "configReportRsp", [{status: SUCCESS}]);
            default:
                return undefined;
        }
    }

    #answer(frame, address, endpoint, command, payload) {
        const answer = Zcl.Frame.create(Zcl.FrameType.GLOBAL, Zcl.Direction.SERVER_TO_CLIENT, true, frame.header.manufacturerCode,
            frame.header.transactionSequenceNumber, command, frame.cluster, payload, {});
        return this.#heard(address, endpoint, frame.cluster.ID, answer.toBuffer());
    }

    #heard(address, endpoint, clusterID, data) {
        return {clusterID, header: Zcl.Header.fromBuffer(data), address, data, endpoint, linkquality: 120, groupID: 0, wasBroadcast: false, destinationEndpoint: 1};
    }

    // say is a frame of a device. What is said is one of
    //   {report: {measuredValue: 2150}}          attributes by name, or by number as [type, value]
    //   {command: "dataReport", payload: {…}}    a command of the cluster
    //   {bytes: "1c5f11…"}                       the frame itself
    // of the server's side, or of the client's.
    say({customClusters}, device, {endpoint = 1, cluster, manufacturer, report, command, payload, bytes, client}) {
        const of = Zcl.Utils.getCluster(cluster, manufacturer ?? device.manufId, customClusters);
        let data;
        if (bytes) {
            data = Buffer.from(bytes.replaceAll(" ", ""), "hex");
        } else {
            this.#number = (this.#number + 1) % 256;
            const attributes = report && Object.entries(report).map(([name, value]) => record(of, name, value));
            data = Zcl.Frame.create(report ? Zcl.FrameType.GLOBAL : Zcl.FrameType.SPECIFIC, client ? Zcl.Direction.CLIENT_TO_SERVER : Zcl.Direction.SERVER_TO_CLIENT, true, manufacturer,
                this.#number, report ? "report" : command, of, report ? attributes : payload, customClusters).toBuffer();
        }
        this.emit("zclPayload", this.#heard(device.nwkAddr, endpoint, of.ID, data));
    }
}

function attribute(cluster, id) {
    return Object.values(cluster.attributes).find((a) => a.ID === id);
}

function record(cluster, name, value) {
    const known = cluster.attributes[name];
    if (known) {
        return {attrId: known.ID, dataType: known.type, attrData: value};
    }
    return {attrId: Number(name), dataType: value[0], attrData: value[1]};
}

module.exports = {Radio};
