import { Page } from "../../parts/page";
import { Loading } from "../../parts/states";

export default function Workers() {
  return (
    <Page title="Workers">
      <Loading />
    </Page>
  );
}
