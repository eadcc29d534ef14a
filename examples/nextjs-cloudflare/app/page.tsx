export default function Page() {
  return <p>The proxy is at /api/fal/proxy.</p>;
}
