<?php
/*
 * A fal proxy for PHP in one file: put it where /api/fal/proxy leads to. It needs PHP 8 and curl.
 *
 * Browsers name the fal URL in a header; the key is added here and stays here. Set FAL_KEY, and in
 * FAL_PROXY_ENDPOINTS what may run, e.g. fal-ai/flux/dev,fal-ai/kokoro/** in the server's environment,
 * and enable_post_data_reading=0 in its configuration, so that PHP leaves form bodies alone.
 * Marks such as P-10 are rules of PROTOCOL.md.
 */
declare(strict_types=1);

const METHODS = ['GET', 'POST', 'PUT', 'DELETE'];
const HOSTS = ['fal.run', 'queue.fal.run', 'rest.fal.ai'];
const UPLOADS = '~^/storage/upload/initiate(-multipart)?$~D';
// Plain segments only, not "." or "..": nothing is left that a server behind could decode (P-11).
const PLAIN_PATH = '~^(/(?!\.\.?(/|$))[\w.\~-]+)+$~D';
// What passes, either way. Cookies, addresses, CORS, HSTS and caching do not (P-28 to P-33, P-44).
const SENT = '/^(accept|accept-encoding|content-type|user-agent|x-(app-)?fal-.+)$/D';
const OURS = '/^x-fal-(target-url|client-proxy|request-id|cdn-token|user-id)$/D';
const RETURNED = '/^(content-(type|length|encoding)|retry-after|location|x-fal-.+)$/iD';

/** Ends the call with an error as fal's clients read it (P-54). */
function refuse(int $status, string $code, string $message): never
{
    http_response_code($status);
    header('Content-Type: application/json');
    exit(json_encode(['message' => $message, 'detail' => $message, 'code' => $code]));
}

/** Answers the URL to call, and whether the call costs money, or refuses (P-06 to P-19). */
function judge(string $method, string $text): array
{
    // Servers join two targets by a comma; parse_url takes nearly anything: compare what it found.
    $url = preg_match('~^(?!.*,\w+://)[!-[\]-\~]+$~D', $text) ? parse_url($text) : false;
    $query = isset($url['query']) ? "?{$url['query']}" : '';
    $rebuilt = 'https://' . ($url['host'] ?? '') . ($url['path'] ?? '') . $query;
    if (!$url || $rebuilt !== strtok($text, '#') || !preg_match(PLAIN_PATH, $url['path'] ?? '')) {
        refuse(400, 'invalid_target', 'Name one https URL of fal in the header x-fal-target-url.');
    }
    ['host' => $host, 'path' => $path] = $url;
    if (!in_array($host, HOSTS, true)) {
        refuse(400, 'target_not_allowed', "The target is on none of fal's hosts.");
    }
    if ($host === 'rest.fal.ai') {
        if ($method === 'POST' && preg_match(UPLOADS, $path)) {
            return [$rebuilt, true];
        }
        refuse(400, 'target_not_allowed', 'Only uploads are allowed on rest.fal.ai.');
    }

    $id = substr($path, 1);
    $parts = explode('/', $id);
    $depth = in_array($parts[0], ['workflows', 'comfy'], true) ? 3 : 2;
    $isRequest = ($parts[$depth] ?? '') === 'requests';
    $ofRequest = $host === 'queue.fal.run' && $method !== 'POST' && $isRequest;
    if ($ofRequest) { // status, result and cancel name the app alone: any entry inside it will do (P-18)
        $id = implode('/', array_slice($parts, 0, $depth));
    }
    foreach (array_map('trim', explode(',', getenv('FAL_PROXY_ENDPOINTS') ?: '')) as $entry) {
        $below = str_ends_with($entry, '/**') && str_starts_with($id, substr($entry, 0, -2));
        $same = $ofRequest
            ? str_starts_with("$entry/", "$id/")
            : $entry === $id || "$entry/stream" === $id;
        if ($below || $same) {
            return [$rebuilt, !$ofRequest || $method !== 'GET'];
        }
    }
    refuse(400, 'endpoint_not_allowed', "FAL_PROXY_ENDPOINTS does not list $id.");
}

// Nothing is added to a reply, no error is shown (P-56), nothing is held (P-46), no limit ends it (P-53).
ini_set('default_mimetype', '');
ini_set('default_charset', '');
ini_set('display_errors', '0');
while (ob_get_level()) {
    ob_end_clean();
}
set_time_limit(0);
ignore_user_abort(true);
header_remove('X-Powered-By');
header('Cache-Control: no-store'); // all targets share one URL: a cache would mix them up (P-45)
header('Vary: x-fal-target-url');

$method = $_SERVER['REQUEST_METHOD'];
if (!in_array($method, METHODS, true)) {
    header('Allow: ' . implode(', ', METHODS));
    refuse(405, 'method_not_allowed', 'Use GET, POST or PUT.');
}
$given = array_change_key_case(getallheaders());
[$url, $costs] = judge($method, $given['x-fal-target-url'] ?? '');
$key = getenv('FAL_KEY') ?: getenv('FAL_KEY_ID') . ':' . getenv('FAL_KEY_SECRET');
$key = preg_replace('/^Key\s+/', '', trim($key, " \"'"));
if (!str_contains(trim($key, ':'), ':')) {
    refuse(500, 'no_credentials', 'Set FAL_KEY to a key from https://fal.ai/dashboard/keys.');
}
// For tests (P-71): https://HOST/PATH goes to $FAL_PROXY_UPSTREAM/HOST/PATH, on this machine.
$upstream = getenv('FAL_PROXY_UPSTREAM') ?: '';
if (preg_match('~^http://(127\.0\.0\.1|\[::1\]|localhost)(:\d+)?$~D', $upstream)) {
    $url = $upstream . '/' . substr($url, strlen('https://'));
}

$length = $given['content-length'] ?? '0';
$coding = $given['transfer-encoding'] ?? '';
if (!ctype_digit($length) || ($coding !== '' && ($coding !== 'chunked' || $length !== '0'))) {
    refuse(400, 'invalid_request', 'The length of the body is ambiguous.'); // P-69
}
$sent = ["Authorization: Key $key", 'X-Fal-Client-Proxy: php', 'Expect:'];
$hop = preg_split('/[\s,]+/', strtolower($given['connection'] ?? ''));
// PHP's built-in server takes the trailers of a chunked body for headers: then none of fal's (P-70).
$pattern = $coding !== '' && PHP_SAPI === 'cli-server' ? '/^(accept|content-type)$/D' : SENT;
foreach ($given as $name => $value) {
    if (preg_match($pattern, $name) && !preg_match(OURS, $name) && !in_array($name, $hop, true)) {
        $sent[] = "$name: $value";
    }
}
// curl follows no redirect, repeats no call and decodes no reply unless told to (P-41, P-42, P-57).
$call = curl_init($url);
curl_setopt_array($call, [
    CURLOPT_CUSTOMREQUEST => $method,
    CURLOPT_CONNECTTIMEOUT => 10, // seconds
    CURLOPT_BUFFERSIZE => 131072,
    CURLOPT_PROXY => '',
    CURLOPT_HEADERFUNCTION => function ($call, string $line): int {
        if (preg_match(RETURNED, strstr($line, ':', true) ?: '')) {
            header(trim($line), false);
        }
        if (preg_match('~^content-type:\s*text/event-stream~i', $line)) {
            header('Cache-Control: no-store, no-transform'); // or compressors hold events (P-49)
            header('X-Accel-Buffering: no'); // nginx as well
        }
        http_response_code(curl_getinfo($call, CURLINFO_RESPONSE_CODE));
        return strlen($line);
    },
    CURLOPT_WRITEFUNCTION => function ($call, string $piece): int {
        echo $piece; // at once (P-46), at the caller's pace (P-48)
        flush();
        return connection_aborted() ? 0 : strlen($piece); // 0 ends the call to fal (P-50)
    },
]);
if ($length !== '0' || $coding !== '') {
    // As a stream (P-39). When it ends before its length, curl breaks off as well (P-38).
    curl_setopt_array($call, [CURLOPT_UPLOAD => true, CURLOPT_INFILE => fopen('php://input', 'rb')]);
    curl_setopt($call, CURLOPT_INFILESIZE, $coding === '' ? (int) $length : -1);
} elseif ($method !== 'GET') {
    $sent[] = 'Content-Length: 0';
}
curl_setopt($call, CURLOPT_HTTPHEADER, $sent);

// When fal breaks off in its reply, fewer bytes than its content-length arrive (P-52).
if (!curl_exec($call) && !headers_sent()) {
    array_map('header_remove', ['Content-Length', 'Content-Encoding']);
    if (!$costs || !curl_getinfo($call, CURLINFO_PRETRANSFER_TIME_T)) {
        refuse(502, 'upstream_unreachable', 'fal cannot be reached.');
    }
    // It may have run, and clients repeat a 502: they would buy it again (P-57).
    refuse(500, 'upstream_unknown', 'The connection to fal broke; the call may have run.');
}
