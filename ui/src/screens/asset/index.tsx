import { Page } from "../../parts/page";
import { Loading } from "../../parts/states";

export default function Asset() {
  return (
    <Page title="Asset">
      <Loading />
    </Page>
  );
}
