import { Page } from "../../parts/page";
import { Loading } from "../../parts/states";

export default function Assets() {
  return (
    <Page title="Assets">
      <Loading />
    </Page>
  );
}
