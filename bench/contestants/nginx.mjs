// nginx with proxy_pass: what the same relay costs in C. One worker, in a folder of its own.
import { spawn } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ROUTE } from "../traffic.mjs";

const { PORT, FAL_KEY, FAL_PROXY_UPSTREAM } = process.env;
const folder = mkdtempSync(join(tmpdir(), "bench-nginx-"));
// Started by root, nginx gives its worker to another user.
chmodSync(folder, 0o755);
const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];

writeFileSync(
  join(folder, "nginx.conf"),
  `daemon off;
worker_processes 1;
pid nginx.pid;
error_log stderr crit;
events { worker_connections 1024; }
http {
  access_log off;
  ${temporary.map((name) => `${name}_temp_path ${name};`).join("\n  ")}
  keepalive_requests 100000000;
  client_max_body_size 50m;
  # The path to send to: https://HOST/PATH becomes /HOST/PATH.
  map $http_x_fal_target_url $target { "~^https:/(/.*)$" $1; }
  upstream fal {
    server ${new URL(FAL_PROXY_UPSTREAM).host};
    keepalive 64;
    keepalive_requests 100000000;
  }
  server {
    listen 127.0.0.1:${PORT};
    location = ${ROUTE} {
      proxy_pass http://fal$target;
      proxy_http_version 1.1;
      proxy_buffering off;
      proxy_request_buffering off;
      proxy_set_header Connection "";
      proxy_set_header Authorization "Key ${FAL_KEY}";
      proxy_set_header Cookie "";
      proxy_set_header X-Fal-Target-Url "";
    }
  }
}
`,
);

const nginx = spawn("nginx", ["-p", folder, "-c", "nginx.conf", "-e", "stderr"], {
  stdio: ["ignore", "inherit", "inherit"],
});
const end = () => {
  rmSync(folder, { recursive: true, force: true });
  process.exit();
};
nginx.on("error", () => end());
nginx.on("exit", () => end());
process.on("SIGTERM", () => nginx.kill("SIGTERM"));
