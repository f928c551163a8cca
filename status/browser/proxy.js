// nginx or HAProxy before the page, as docs/http.md tells, with TLS and below /heat.

import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

// exampleOf is a proxy's example in the document, with other words in it.
async function exampleOf(name, ...changes) {
  const text = await readFile(new URL('../../docs/http.md', import.meta.url), 'utf8');
  let [, example] = text.match(new RegExp(`\`\`\`${name}\n([^]*?)\`\`\``));
  for (const [old, now] of changes) {
    if (!example.includes(old)) throw new Error(`docs/http.md, ${name}: no ${old}`);
    example = example.replaceAll(old, now);
  }
  return example;
}

const setups = {
  nginx: async (dir, agent, port, pair) => `daemon off; master_process off; pid ${dir}/pid; error_log stderr;
events {}
http {
  access_log off; client_body_temp_path ${dir}/body; proxy_temp_path ${dir}/proxy;
  fastcgi_temp_path ${dir}/fastcgi; uwsgi_temp_path ${dir}/uwsgi; scgi_temp_path ${dir}/scgi;
  server {
    listen 127.0.0.1:${port} ssl http2; ssl_certificate ${pair}; ssl_certificate_key ${pair};
    ${await exampleOf('nginx', ['location / {', 'location /heat/ {'], ['127.0.0.1:8466;', `${agent}/;`], ['X-Forwarded-Prefix ""', 'X-Forwarded-Prefix /heat'])}
  }
}
`,
  haproxy: async (_, agent, port, pair) => `defaults
  mode http
  timeout connect 5000
  timeout client 50000
  timeout server 50000
${await exampleOf('haproxy', [':443', `127.0.0.1:${port}`], ['/etc/haproxy/heat.pem', pair], ['127.0.0.1:8466', agent],
    ['default_backend thermostat', 'http-request set-header X-Forwarded-Prefix /heat\n    use_backend thermostat if { path_beg /heat/ }'])}`,
};

const words = {
  nginx: (dir, file) => ['-p', dir, '-c', file, '-e', 'stderr'],
  haproxy: (_, file) => ['-db', '-q', '-f', file],
};

// startProxy runs one before an agent, which must believe it; its url is below /heat.
export async function startProxy(name, agent) {
  const dir = await mkdtemp(join(tmpdir(), 'thermostat-proxy-')), file = join(dir, 'config'), pair = join(dir, 'pair.pem');
  await run('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=localhost', '-keyout', pair, '-out', join(dir, 'cert.pem')]);
  await writeFile(pair, await readFile(join(dir, 'cert.pem')), { flag: 'a' });
  const port = await freePort();
  await writeFile(file, await setups[name](dir, new URL(agent.url).host, port, pair));
  const child = spawn(name, words[name](dir, file), { stdio: 'inherit', env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin` } });
  await listening(port, child);
  return {
    url: `https://localhost:${port}/heat/`,
    stop: async () => {
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      await ended;
      await rm(dir, { recursive: true });
    },
  };
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

async function listening(port, child) {
  for (;;) {
    if (child.exitCode !== null) throw new Error(`the proxy ended with ${child.exitCode}`);
    const socket = connect(port, '127.0.0.1');
    try {
      await once(socket, 'connect');
      return;
    } catch {
      await pause(50);
    } finally {
      socket.destroy();
    }
  }
}
