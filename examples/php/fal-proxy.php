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
const UPLOAD_HOSTS = ['rest.fal.ai', 'rest.alpha.fal.ai']; // the second is its old name (P-83)
const HOSTS = ['fal.run', 'queue.fal.run', ...UPLOAD_HOSTS];
const UPLOADS = '~^/storage/upload/initiate(-multipart)?$~D';
// Plain segments only, not "." or "..": nothing is left that a server behind could decode (P-11).
const PLAIN_PATH = '~^(/(?!\.\.?(/|$))[\w.\~-]+)+$~D';
// What passes to fal, by whole names: any user could send the others (P-28 to P-33, P-73).
const SENT = '/^(accept|accept-encoding|content-type|user-agent|x-app-fal-disable-fallback|x-fal-'
    . '(request-(start-)?timeout|queue-priority|runner-hint|object-lifecycle(-preference)?|store-io'
    . '|no-retry|retry-config|disable-fallbacks|tags|file-name|user-agent))$/D';
// What passes back: the rest would speak for your site, its CDN or its server (P-43, P-44).
const RETURNED = '/^(content-(type|length|encoding|language|range)|accept-ranges|retry-after|location'
    . '|ratelimit(-(policy|limit|remaining|reset))?|x-fal-(?!cdn-token$).+)$/D';
// Where a location may lead: a relative one would lead to your own site (P-74).
const ON_FAL = '~^https://([a-z0-9-]+\.)*fal\.(run|ai|media)([/?#][!-[\]-\~]*)?$~D';

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
    $url = preg_match('~^(?!.*,\w+://)[!-[\]-\~]{1,8192}$~D', $text) ? parse_url($text) : false;
    $query = isset($url['query']) ? "?{$url['query']}" : '';
    $rebuilt = 'https://' . ($url['host'] ?? '') . ($url['path'] ?? '') . $query;
    if (!$url || $rebuilt !== strtok($text, '#') || !preg_match(PLAIN_PATH, $url['path'] ?? '')) {
        refuse(400, 'invalid_target', 'Name one https URL of fal in the header x-fal-target-url.');
    }
    ['host' => $host, 'path' => $path] = $url;
    if (!in_array($host, HOSTS, true)) {
        refuse(400, 'target_not_allowed', "The target is on none of fal's hosts.");
    }
    if (in_array($host, UPLOAD_HOSTS, true)) {
        if ($method === 'POST' && preg_match(UPLOADS, $path)) {
            return [$rebuilt, true];
        }
        refuse(400, 'target_not_allowed', 'Only uploads are allowed on this host.');
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
// Nothing that a model returns may act as a page of this site (P-76).
header("Content-Security-Policy: sandbox; default-src 'none'");
header('Cross-Origin-Resource-Policy: same-origin');
header('X-Content-Type-Options: nosniff');
// PHP would add a type where fal gives none, and a charset where it gives no charset (P-43).
ini_set('default_mimetype', '');
ini_set('default_charset', '');

$method = $_SERVER['REQUEST_METHOD'];
if (!in_array($method, METHODS, true)) {
    header('Allow: ' . implode(', ', METHODS));
    refuse(405, 'method_not_allowed', 'Use GET, POST or PUT.');
}
$given = array_change_key_case(getallheaders());
if (($given['sec-fetch-site'] ?? '') === 'cross-site') { // another site's page (P-77)
    refuse(403, 'origin_not_allowed', 'Call it from a page of this site.');
}
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
    if (preg_match($pattern, $name) && !in_array($name, $hop, true)) {
        $sent[] = "$name: $value";
    }
}
if (($length !== '0' || $coding !== '') && preg_match('~^\s*(text/plain\s*(;.*)?)?$~i', $given['content-type'] ?? '')) {
    $sent = preg_grep('/^content-type:/i', $sent, PREG_GREP_INVERT);
    $sent[] = 'content-type: application/json'; // what fetch writes by itself says nothing (P-82)
}
$secret = explode(':', $key, 2)[1];
$kept = []; // what the caller receives of fal's headers, once each
$status = 0; // of the head that was passed on
$bodiless = [204, 205, 304]; // they end with their head (P-79)
// curl follows no redirect, repeats no call and decodes no reply unless told to (P-41, P-42, P-57).
$call = curl_init($url);
curl_setopt_array($call, [
    CURLOPT_CUSTOMREQUEST => $method,
    CURLOPT_CONNECTTIMEOUT => 10, // seconds
    CURLOPT_BUFFERSIZE => 131072,
    CURLOPT_PROXY => '',
    CURLOPT_HEADERFUNCTION => function ($call, string $line) use (&$kept, &$status, $secret, $bodiless): int {
        [$name, $value] = explode(':', trim($line), 2) + ['', ''];
        [$name, $value] = [strtolower($name), trim($value)];
        if (str_starts_with($line, 'HTTP/')) {
            $kept = [];
        } elseif ($line !== "\r\n") {
            $passes = preg_match(RETURNED, $name) && !str_contains($value, $secret); // P-75
            if ($passes && ($name !== 'location' || preg_match(ON_FAL, $value))) {
                $kept += [$name => $value];
            }
        } elseif (($code = curl_getinfo($call, CURLINFO_RESPONSE_CODE)) < 100 || $code > 599) {
            return -1; // nothing that a server can say (P-78)
        } elseif ($code >= 200) {
            if (in_array($code, $bodiless, true)) {
                unset($kept['content-length']);
            }
            if (str_starts_with($kept['content-type'] ?? '', 'text/event-stream')) {
                header('Cache-Control: no-store, no-transform'); // or compressors hold events (P-49)
                header('X-Accel-Buffering: no'); // nginx as well
            }
            array_walk($kept, fn (string $value, string $name) => header("$name: $value"));
            http_response_code($status = $code);
        }
        return strlen($line);
    },
    CURLOPT_WRITEFUNCTION => function ($call, string $piece) use (&$status, $bodiless): int {
        if (in_array($status, $bodiless, true)) {
            return 0;
        }
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
$whole = curl_exec($call) || in_array($status, $bodiless, true);
if (!$status || (!$whole && !headers_sent())) {
    array_map('header_remove', ['Content-Length', 'Content-Encoding']);
    if (!$costs || !curl_getinfo($call, CURLINFO_PRETRANSFER_TIME_T)) {
        refuse(502, 'upstream_unreachable', 'fal cannot be reached.');
    }
    // It may have run, and clients repeat a 502: they would buy it again (P-57).
    refuse(500, 'upstream_unknown', 'The connection to fal broke; the call may have run.');
}
