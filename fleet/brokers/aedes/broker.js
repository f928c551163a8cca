// aedes with users: node broker.js PORT USERS, where USERS is a file
// {"name": {"password": "…", "read": "thermostat/name/", "write": "…"}}; what may be
// read or written begins so, and an empty text is nothing. It ends with its standard input.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { Aedes } from 'aedes';

const [port, file] = process.argv.slice(2);
const users = JSON.parse(readFileSync(file));
const allowed = (base, topic) => base !== '' && topic.startsWith(base);

const broker = await Aedes.createBroker({
  authenticate(client, name, password, done) {
    client.user = users[name];
    if (client.user && client.user.password === String(password)) return done(null, true);
    done(Object.assign(new Error('not this one'), { returnCode: 4 }), false);
  },
  authorizeSubscribe(client, subscription, done) {
    done(null, allowed(client.user.read, subscription.topic) ? subscription : null);
  },
  authorizePublish(client, packet, done) {
    done(allowed(client.user.write, packet.topic) ? null : new Error('may not write there'));
  },
});
createServer(broker.handle).listen(port, '127.0.0.1');
process.stdin.resume().on('end', () => process.exit());
