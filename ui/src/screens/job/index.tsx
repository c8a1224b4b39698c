import { Page } from "../../parts/page";
import { Loading } from "../../parts/states";

export default function Job() {
  return (
    <Page title="Job">
      <Loading />
    </Page>
  );
}
